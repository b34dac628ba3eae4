package dev.cleave.edge.causal;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.edge.link.TurnLimit;
import dev.cleave.edge.link.WireTally;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A server of the protocol of sessions without a network: it checks each message, knows the ids
 * from the rows of {@link FakeLowerEngine}, and lets a {@link FakeModel} say what comes. Answers
 * are there at once, so every run is the same; what a test does in between it does in {@link
 * #onUplink}.
 */
public final class FakeDecoderLink implements DecoderLink {
  /**
   * What a test sees of a message before the server does; may throw what the stream then throws.
   */
  public interface OnUplink {
    void sent(FakeStream stream, Uplink message);
  }

  private final FakeModel model;
  private final int positionsPerFrame;

  /** All streams that were opened. */
  public final List<FakeStream> streams = new ArrayList<>();

  public volatile OnUplink onUplink = (stream, message) -> {};

  /** Fails Open while it is set. */
  public volatile @Nullable CleaveException refusal;

  public FakeDecoderLink(FakeModel model, int positionsPerFrame) {
    this.model = model;
    this.positionsPerFrame = positionsPerFrame;
  }

  /** The failure of a server that has lost the session. */
  public static CleaveException lost() {
    return CleaveException.of(Code.LINK, Category.REOPEN_SESSION, "lost", "generate again");
  }

  @Override
  public DescribeReply describe(Duration timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public DecoderStream open(Open open, StreamTerms terms) {
    FakeStream stream = new FakeStream(open);
    streams.add(stream);
    stream.failure = refusal;
    return stream;
  }

  @Override
  public void close() {}

  /** The stream opened last. */
  public FakeStream last() {
    return streams.getLast();
  }

  /** One session. */
  public final class FakeStream implements DecoderStream {
    public final Open open;

    /** What came: {@code h0+16} is a frame, {@code s16+3} a step, {@code e16} the prompt's end. */
    public final List<String> log = new ArrayList<>();

    public boolean completed;
    public boolean cancelled;
    public boolean closed;
    @Nullable CleaveException failure;

    /** Answers wait here while this is set, as from a server that takes its time. */
    public boolean silent;

    private final List<Integer> ids = new ArrayList<>();
    private final ArrayDeque<ServerMessage> answers = new ArrayDeque<>();
    private final FrameDecoder decoder =
        FrameDecoder.of(
            new StreamSpec(CodecMode.RAW_F32, FakeLowerEngine.WIDTH),
            new FrameLimits(positionsPerFrame, FakeLowerEngine.WIDTH, 1 << 20));
    private TurnLimit limit = TurnLimit.NONE;
    private boolean first = true;
    private int frames;
    private long bytes;

    FakeStream(Open open) {
      this.open = open;
    }

    /** What the server has of the session. */
    public synchronized List<Integer> ids() {
      return List.copyOf(ids);
    }

    /** The server loses the session, or says this. */
    public synchronized void lose(CleaveException how) {
      failure = how;
      notifyAll();
    }

    @Override
    public synchronized boolean send(Uplink message) {
      onUplink.sent(this, message);
      requireOpen();
      switch (message) {
        case Uplink.Hidden(ByteBuffer frame) -> receive(frame, "h");
        case Uplink.Step(ByteBuffer frame) -> {
          int start = receive(frame, "s");
          if (ids.size() - start > open.getStepPositions()) {
            throw new AssertionError("a step of too many positions: " + log.getLast());
          }
          answer(start);
        }
        case Uplink.EndOfPrompt(int positions) -> {
          log.add("e" + positions);
          if (positions != ids.size() || positions == 0) {
            throw new AssertionError(
                "%d positions announced, %d came".formatted(positions, ids.size()));
          }
          answer(positions - 1);
        }
        default -> throw new AssertionError(message);
      }
      return true;
    }

    private int receive(ByteBuffer frame, String kind) {
      FrameInfo info = decoder.inspect(frame);
      if ((info.form() == HeaderForm.LONG) != first) {
        throw new AssertionError("only the first frame has the long header");
      }
      first = false;
      frames++;
      bytes += frame.remaining();
      int start = info.startPosition();
      if (start > ids.size()) {
        throw new AssertionError("a gap: %d after %d".formatted(start, ids.size()));
      }
      ids.subList(start, ids.size()).clear();
      FloatBuffer rows = FloatBuffer.allocate(info.elements());
      decoder.decode(frame.duplicate(), rows);
      for (int row = 0; row < rows.capacity(); row += FakeLowerEngine.WIDTH) {
        ids.add((int) rows.get(row));
        if (rows.get(row + 1) != ids.size() - 1 || rows.get(row + 2) != FakeLowerEngine.hash(ids)) {
          throw new AssertionError("position %d has another history".formatted(ids.size() - 1));
        }
      }
      if (ids.size() > open.getPromptPositions()) {
        throw new AssertionError("more positions than announced: " + ids.size());
      }
      log.add(kind + start + "+" + (ids.size() - start));
      return start;
    }

    private void answer(int start) {
      Sampled.Builder sampled = Sampled.newBuilder().setPosition(start);
      int vocabulary = model.vocabulary();
      int count = ids.size() - start;
      ByteBuffer logits =
          ByteBuffer.allocate(open.getWantLogits() ? 4 * vocabulary * count : 0)
              .order(ByteOrder.LITTLE_ENDIAN);
      for (int i = start; i < ids.size(); i++) {
        int id = model.next(ids.subList(0, i + 1), open.getSampling().getSeed());
        sampled.addIds(id);
        for (int v = 0; v < vocabulary && open.getWantLogits(); v++) {
          logits.putFloat(v == id ? 1 : 0);
        }
      }
      sampled.setLogits(ByteString.copyFrom(logits.flip()));
      answers.add(ServerMessage.newBuilder().setSampled(sampled).build());
      notifyAll();
    }

    /** Replaces or adds what the server says next. */
    public synchronized void say(ServerMessage message) {
      answers.add(message);
      notifyAll();
    }

    @Override
    public synchronized Opened opened() {
      requireOpen();
      return WireCodec.of(open)
          .putInto(Opened.newBuilder())
          .setWidth(FakeLowerEngine.WIDTH)
          .setMaxPositionsPerFrame(positionsPerFrame)
          .setServerName("fake")
          .build();
    }

    @Override
    public synchronized ServerMessage next() {
      while (answers.isEmpty() || silent) {
        requireOpen();
        limit.requireLeft();
        try {
          wait();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
      return answers.remove();
    }

    private void requireOpen() {
      if (failure != null) {
        throw failure;
      }
      if (completed || closed) {
        throw new AssertionError("the stream is used after its end");
      }
    }

    @Override
    public synchronized void limit(TurnLimit limit) {
      this.limit = limit;
    }

    @Override
    public synchronized void wake() {
      notifyAll();
    }

    @Override
    public synchronized void complete() {
      completed = true;
    }

    @Override
    public synchronized void cancel() {
      cancelled = true;
      notifyAll();
    }

    @Override
    public synchronized void fail(CleaveException failure) {
      if (this.failure == null) {
        this.failure = failure;
      }
      closed = true;
      notifyAll();
    }

    @Override
    public boolean promptSent() {
      return true;
    }

    @Override
    public String serverName() {
      return "fake";
    }

    @Override
    public synchronized WireTally tally() {
      return new WireTally(frames, bytes, bytes, 10L * log.size());
    }

    @Override
    public void awaitEnd() {}

    @Override
    public synchronized void close() {
      closed = true;
      notifyAll();
    }

    /** Whether nothing of it is left at the server. */
    public boolean ended() {
      return completed || closed || failure != null;
    }

    @Override
    public String toString() {
      return String.join(" ", log);
    }
  }
}

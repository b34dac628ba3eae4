package dev.cleave.edge.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.edge.causal.FakeDecoderLink;
import dev.cleave.edge.causal.FakeModel;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.v1.Open;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Reads the memory of what was kept for other servers after the session has ended. */
class ReplayForgettingTest {
  private static final int WIDTH = 16;

  /** Every array in which a frame was kept. */
  private final List<byte[]> memory = new ArrayList<>();

  private final FrameEncoder encoder = FrameEncoder.of(new StreamSpec(CodecMode.RAW_F32, WIDTH));

  private FrameStore store(long inMemory) {
    return new FrameStore(
        Recovery.defaults().withBytes(1 << 20, inMemory),
        bytes -> {
          byte[] array = new byte[bytes];
          memory.add(array);
          return array;
        });
  }

  private boolean holdsAnything() {
    for (byte[] array : memory) {
      for (byte it : array) {
        if (it != 0) {
          return true;
        }
      }
    }
    return false;
  }

  private ByteBuffer frame(int start, int positions) {
    FloatBuffer hidden = FloatBuffer.allocate(positions * WIDTH);
    new SplittableRandom(start).doubles(hidden.capacity()).forEach(it -> hidden.put((float) it));
    ByteBuffer frame = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    encoder.encode(
        hidden.flip(), start, positions, start == 0 ? HeaderForm.LONG : HeaderForm.SHORT, frame);
    return frame.flip();
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static ServerMessage token(int position) {
    return ServerMessage.newBuilder()
        .setToken(Token.newBuilder().setPosition(position).setId(1000 + position))
        .build();
  }

  private static ServerMessage sampled(int position) {
    return ServerMessage.newBuilder()
        .setSampled(Sampled.newBuilder().setPosition(position).addIds(77))
        .build();
  }

  @Test
  void anUploadIsOverwrittenAndWhatWasSentIsNot() {
    UploadTranscript transcript = new UploadTranscript(store(1 << 20));
    ByteBuffer first = frame(0, 3);
    byte[] before = bytes(first);
    transcript.keep(new Uplink.Hidden(first));
    transcript.keep(new Uplink.Hidden(frame(3, 3)));
    transcript.takeBack();
    assertThat(memory.getLast()).containsOnly(0);
    transcript.keep(new Uplink.Hidden(frame(3, 2)));
    transcript.keep(new Uplink.EndOfPrompt(5));
    for (int i = 0; i < 200; i++) {
      assertThat(transcript.take(token(i))).isEqualTo(Transcript.Answer.NEW);
    }
    transcript.rewind();
    ByteBuffer again = ((Uplink.Hidden) Objects.requireNonNull(transcript.next())).frame();
    for (int i = 0; i < 200; i++) {
      assertThat(transcript.take(token(i))).isEqualTo(Transcript.Answer.KNOWN);
    }
    assertThat(holdsAnything()).isTrue();
    transcript.close();
    assertThat(holdsAnything()).isFalse();
    // The transport may have these still.
    assertThat(bytes(first)).isEqualTo(before);
    assertThat(bytes(again)).isEqualTo(before);
  }

  @Test
  void aSessionIsOverwrittenWithWhatItTookBack() {
    SessionTranscript transcript = new SessionTranscript(store(1 << 20));
    transcript.keep(new Uplink.Hidden(frame(0, 3)));
    transcript.keep(new Uplink.EndOfPrompt(3));
    assertThat(transcript.take(sampled(2))).isEqualTo(Transcript.Answer.NEW);
    transcript.keep(new Uplink.Step(frame(3, 1)));
    assertThat(transcript.take(sampled(3))).isEqualTo(Transcript.Answer.NEW);
    transcript.keep(new Uplink.Hidden(frame(3, 2))); // in the place of the step
    assertThat(memory.get(1)).containsOnly(0);
    assertThat(holdsAnything()).isTrue();
    transcript.close();
    assertThat(holdsAnything()).isFalse();
  }

  @Test
  void whatThereIsNoRoomForIsOverwrittenAtOnce() {
    SessionTranscript transcript =
        new SessionTranscript(
            new FrameStore(
                Recovery.defaults().withBytes(300, 300),
                bytes -> {
                  memory.add(new byte[bytes]);
                  return memory.getLast();
                }));
    transcript.keep(new Uplink.Hidden(frame(0, 2)));
    assertThat(holdsAnything()).isTrue();
    transcript.keep(new Uplink.Hidden(frame(2, 20)));
    assertThat(transcript.isWhole()).isFalse();
    assertThat(holdsAnything()).isFalse();
    transcript.close();
  }

  @Test
  void nothingStaysInMemoryOfWhatIsOnDisk() {
    UploadTranscript transcript = new UploadTranscript(store(0));
    ByteBuffer frame = frame(0, 3);
    transcript.keep(new Uplink.Hidden(frame));
    assertThat(memory).hasSize(1);
    assertThat(holdsAnything()).isFalse();
    ByteBuffer again = ((Uplink.Hidden) Objects.requireNonNull(transcript.next())).frame();
    assertThat(bytes(again)).isEqualTo(bytes(frame));
    transcript.close();
  }

  @Test
  void everyEndForgetsAndIsToldOnce() {
    CleaveException failure = CleaveException.fatal(Code.LINK, "of the test", "none");
    List<Consumer<DecoderStream>> ends =
        List.of(
            DecoderStream::complete,
            DecoderStream::close,
            it -> it.fail(failure),
            it -> {
              it.cancel();
              it.complete();
            },
            it -> {
              it.fail(failure);
              it.complete();
            });
    for (Consumer<DecoderStream> end : ends) {
      memory.clear();
      AtomicInteger told = new AtomicInteger();
      DecoderStream stream = stream(told);
      assertThat(stream.send(new Uplink.Hidden(frame(0, 3)))).isTrue();
      assertThat(holdsAnything()).isTrue();
      end.accept(stream);
      assertThat(holdsAnything()).isFalse();
      stream.close();
      stream.close();
      assertThat(told).hasValue(1);
    }
  }

  private ReplayStream stream(AtomicInteger told) {
    FakeDecoderLink link = new FakeDecoderLink(new FakeModel(50, 0), 24);
    Open open = Open.newBuilder().setStepPositions(1).setPromptPositions(24).build();
    StreamTerms terms = new StreamTerms(Optional.empty(), 1 << 20);
    Recovery recovery = Recovery.defaults();
    Attempts attempts = new Attempts(recovery, Backoff.usual(new java.util.Random(1)), () -> 1, 0);
    return new ReplayStream(
        new Reopening(link, open, terms, attempts),
        new ReplaySession.Books(new SessionTranscript(store(1 << 20)), Recording.none()),
        new Patience(recovery, Optional.empty()),
        new RecordedStream(List.of(new SessionJournal.Entry.Sent(new Uplink.Hidden(frame(0, 3))))),
        it -> told.incrementAndGet());
  }
}

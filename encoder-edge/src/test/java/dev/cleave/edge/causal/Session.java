package dev.cleave.edge.causal;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.replay.Recovery;
import dev.cleave.edge.replay.ReplayLink;
import dev.cleave.v1.Open;
import dev.cleave.v1.Sampling;
import dev.cleave.wire.WireCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A session on fakes, and what the model says without any session. */
final class Session implements AutoCloseable {
  static final int VOCABULARY = 50;
  private static final StreamCodec CODEC =
      new StreamCodec(
          "raw", "test", new StreamSpec(CodecMode.RAW_F32, FakeLowerEngine.WIDTH), null);

  final FakeModel model;
  final FakeLowerEngine engine;
  final FakeDecoderLink link;
  final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory());
  final SplitSession split;

  /** A clock by which every step takes equally long. */
  private final AtomicLong ticks = new AtomicLong();

  long seed;

  Session(FakeModel model, int positions, int positionsPerFrame) {
    this(model, positions, positionsPerFrame, link -> link);
  }

  private Session(
      FakeModel model, int positions, int positionsPerFrame, UnaryOperator<DecoderLink> over) {
    this.model = model;
    this.engine = new FakeLowerEngine(positions);
    this.link = new FakeDecoderLink(model, positionsPerFrame);
    this.split =
        SplitSession.open(engine, over.apply(link), threads, positions, ticks::getAndIncrement);
  }

  static Session of(int repetition) {
    return new Session(new FakeModel(VOCABULARY, repetition), 512, 24);
  }

  /** One whose streams outlive their servers. */
  static Session replayed(int repetition) {
    return new Session(
        new FakeModel(VOCABULARY, repetition),
        512,
        24,
        link -> ReplayLink.over(link, Recovery.defaults()));
  }

  SessionTerms terms(int drafts) {
    Open open =
        WireCodec.of(CODEC.spec())
            .putInto(Open.newBuilder())
            .setBundleId(ByteString.copyFrom(new byte[32]))
            .setPromptPositions(split.capacity())
            .setStepPositions(1 + drafts)
            .setSampling(Sampling.newBuilder().setSeed(seed))
            .build();
    return new SessionTerms(open, CODEC, VOCABULARY);
  }

  static TurnTerms turn(int tokens, int drafts, Integer... ends) {
    return new TurnTerms(tokens, Set.of(ends), drafts, Optional.empty());
  }

  Turn begin(int[] prompt, TurnTerms turn) {
    return split.begin(prompt, terms(turn.drafts()), turn);
  }

  /** All ids of a turn. */
  List<Integer> answer(int[] prompt, TurnTerms turn) {
    return rest(begin(prompt, turn));
  }

  static List<Integer> rest(Turn turn) {
    List<Integer> ids = new ArrayList<>();
    while (turn.advance()) {
      ids.add(turn.id());
    }
    return ids;
  }

  /** What the model says after these ids, without any session. */
  List<Integer> expected(List<Integer> before, int tokens) {
    List<Integer> ids = new ArrayList<>(before);
    for (int i = 0; i < tokens; i++) {
      ids.add(model.next(ids, seed));
    }
    return List.copyOf(ids.subList(before.size(), ids.size()));
  }

  static int[] prompt(int length, int salt) {
    int[] ids = new int[length];
    for (int i = 0; i < length; i++) {
      ids[i] = Math.floorMod((i % 17) * 7 + salt * 13 + i / 31, VOCABULARY);
    }
    return ids;
  }

  static List<Integer> list(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  List<Integer> ids() {
    return list(split.ids());
  }

  /** Nothing may be left behind on either side. */
  @Override
  public void close() {
    split.close();
    threads.close();
    if (engine.open.get() != 0) {
      throw new AssertionError("%d sessions of the engine are open".formatted(engine.open.get()));
    }
    if (!link.streams.stream().allMatch(FakeDecoderLink.FakeStream::ended)) {
      throw new AssertionError("a stream is open");
    }
  }
}

package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.engine.StepResult;
import dev.cleave.server.upper.RandomUpper;
import dev.cleave.server.upper.Segment;
import dev.cleave.server.upper.TorchUpperEngine;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperOptions;
import dev.cleave.server.upper.UpperShape;
import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.torch.WeightPrecision;
import dev.cleave.v1.Sampling;
import dev.cleave.wire.Uplink;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sessions over a real loopback port and real upper layers with random weights. */
@Timeout(120)
class TorchSessionsTest {
  private static final int WIDTH = CausalServer.WIDTH;
  private static final int ROUNDS = 3;

  @TempDir Path folder;

  @Test
  void sixteenSessionsAtOnceGetWhatEachGetsAlone() throws Exception {
    UpperSpec spec = spec();
    Path weights = new RandomUpper(spec, 11, folder.resolve("upper.safetensors")).file;
    UpperOptions options =
        new UpperOptions(
            "cpu",
            WeightPrecision.F32,
            new UpperOptions.Sizes(CausalServer.SLOTS, CausalServer.CONTEXT, CausalServer.BUDGET),
            1);
    try (Watched engine = new Watched(TorchUpperEngine.open(spec, weights, options));
        CausalServer server =
            CausalServer.start(
                engine,
                CausalServer.limits(false, Duration.ofSeconds(30)),
                CausalServer.steps(600));
        ExecutorService devices = Executors.newVirtualThreadPerTaskExecutor()) {
      List<List<Integer>> alone = new ArrayList<>();
      for (int session = 0; session < CausalServer.SLOTS; session++) {
        alone.add(converse(server, session));
      }
      assertThat(alone.stream().distinct().count()).isEqualTo(alone.size());
      engine.steps.clear();
      for (int round = 0; round < ROUNDS; round++) {
        List<Future<List<Integer>>> together = new ArrayList<>();
        for (int session = 0; session < CausalServer.SLOTS; session++) {
          int which = session;
          Callable<List<Integer>> device = () -> converse(server, which);
          together.add(devices.submit(device));
        }
        for (int session = 0; session < CausalServer.SLOTS; session++) {
          assertThat(together.get(session).get())
              .as("round %d, session %d", round, session)
              .isEqualTo(alone.get(session));
        }
      }
      // or else all this was no more than sessions one after the other
      assertThat(engine.steps).anyMatch(step -> step.size() > 4);
      assertThat(engine.steps).anyMatch(TorchSessionsTest::mixesAllKinds);
      assertThat(engine.steps).allMatch(step -> positions(step) <= CausalServer.BUDGET);
      server.awaitNothingHeld();
    }
  }

  /**
   * Two turns, each a prompt in chunks and steps, with drafts that stand and drafts that do not.
   */
  private static List<Integer> converse(CausalServer server, int session) throws Exception {
    SplittableRandom random = new SplittableRandom(session);
    float[] rows = TestServer.prompt(100 + session, CausalServer.CONTEXT);
    float[] wrong = TestServer.prompt(200 + session, CausalServer.CONTEXT);
    List<Integer> ids = new ArrayList<>();
    TestCall call = open(server, session);
    int at = 0;
    for (int turn = 0; turn < 2; turn++) {
      int end = at + 2 + random.nextInt(30);
      while (at < end) {
        int count = Math.min(end - at, 1 + random.nextInt(CausalServer.FRAME));
        call.send(CausalServer.hidden(rows, at, at + count));
        at += count;
      }
      call.send(new Uplink.EndOfPrompt(at));
      ids.addAll(call.awaitSampled().getIdsList());
      for (int step = 0; step < 5; step++) {
        int stands = 1 + random.nextInt(2);
        int drafts = random.nextInt(CausalServer.STEP - stands + 1);
        float[] sent = rows.clone();
        System.arraycopy(wrong, (at + stands) * WIDTH, sent, (at + stands) * WIDTH, drafts * WIDTH);
        call.send(CausalServer.step(sent, at, at + stands + drafts));
        ids.addAll(call.awaitSampled().getIdsList());
        at += stands;
      }
    }
    call.halfClose();
    call.awaitAnswer();
    return ids;
  }

  /** Every other session samples. */
  private static TestCall open(CausalServer server, int session) throws InterruptedException {
    Sampling sampling =
        session % 2 == 0
            ? Sampling.getDefaultInstance()
            : Sampling.newBuilder().setTemperature(1).setTopK(40).setSeed(session).build();
    TestCall call = server.call();
    call.send(
        new Uplink.OpenSession(
            CausalServer.request(CausalServer.CONTEXT, CausalServer.STEP)
                .setSampling(sampling)
                .build()));
    call.awaitOpened();
    return call;
  }

  private static UpperSpec spec() {
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, 1e-5);
    AttentionSpec self =
        new AttentionSpec(
            new AttentionSpec.Layout(4, 2, 6),
            new AttentionSpec.Biases(true, true, true, false),
            0.4,
            new AttentionSpec.Rope(10_000, 6),
            Optional.empty());
    return new UpperSpec(
        "tiny",
        WIDTH,
        new UpperSpec.Layers(1, 4),
        new BlockSpec(
            norm,
            NormSpec.Placement.PRE,
            self,
            Optional.empty(),
            new MlpSpec(24, true, MlpSpec.Activation.SILU, false)),
        Optional.of(norm),
        new HeadSpec(CausalServer.VOCABULARY, true, 1, false));
  }

  private static int positions(List<Segment> step) {
    return step.stream().mapToInt(Segment::positions).sum();
  }

  /** A part of a prompt, a row alone, and drafts. */
  private static boolean mixesAllKinds(List<Segment> step) {
    return step.stream().anyMatch(it -> it.positions() > 1 && it.answers() <= 1)
        && step.stream().anyMatch(it -> it.positions() == 1 && it.answers() == 1)
        && step.stream().anyMatch(it -> it.answers() > 1);
  }

  /** Remembers what was computed together. */
  private static final class Watched implements UpperEngine {
    private final UpperEngine engine;
    private final List<List<Segment>> steps = new CopyOnWriteArrayList<>();

    Watched(UpperEngine engine) {
      this.engine = engine;
    }

    @Override
    public UpperShape shape() {
      return engine.shape();
    }

    @Override
    public void allocate(int slot, int positions) {
      engine.allocate(slot, positions);
    }

    @Override
    public StepResult step(List<Segment> segments, FloatBuffer hidden, boolean wantLogits) {
      steps.add(List.copyOf(segments));
      return engine.step(segments, hidden, wantLogits);
    }

    @Override
    public void forgetStep() {
      engine.forgetStep();
    }

    @Override
    public void free(int slot) {
      engine.free(slot);
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}

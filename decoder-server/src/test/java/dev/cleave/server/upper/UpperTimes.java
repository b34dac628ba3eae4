package dev.cleave.server.upper;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Prints what a step costs beside the time in which the same process reads as many bytes as the
 * weights have: a main to be run by hand, not a test. Arguments: threads, then precisions.
 */
final class UpperTimes {
  private static final int CONTEXT = 128;
  private static final int ROUNDS = 25;
  private static final int CHUNK = 128;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private UpperTimes() {}

  public static void main(String[] args) throws IOException {
    int threads = Integer.parseInt(args[0]);
    Path file = Files.createTempFile("upper", ".safetensors");
    Files.delete(file);
    try {
      UpperSpec spec = smollm2();
      new RandomUpper(spec, 1, file);
      for (String name : Arrays.asList(args).subList(1, args.length)) {
        WeightPrecision precision = WeightPrecision.valueOf(name);
        UpperOptions options =
            new UpperOptions("cpu", precision, new UpperOptions.Sizes(16, 1024, 256), threads);
        try (TorchUpperEngine engine = TorchUpperEngine.open(spec, file, options);
            ReadTime read = new ReadTime(weightBytes(spec, precision), threads)) {
          for (int batch : new int[] {1, 4, 8, 16}) {
            time(engine, read, batch, 1);
          }
          time(engine, read, 1, CHUNK);
        }
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /** Of one thread its processor time, which other work on the machine disturbs less. */
  static long nanos(int threads) {
    return threads == 1 ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
  }

  private static void time(TorchUpperEngine engine, ReadTime read, int sessions, int rows) {
    int threads = read.threads();
    FloatBuffer hidden = RandomUpper.direct(sessions * CONTEXT * engine.shape().width());
    for (int n = 0; n < hidden.capacity(); n++) {
      hidden.put(n, (float) Math.sin(n * 0.7));
    }
    for (int slot = 0; slot < sessions; slot++) {
      engine.allocate(slot, 1024);
      engine.step(List.of(new Segment(slot, 0, CONTEXT, 0)), hidden, false);
    }
    List<Segment> segments = new ArrayList<>();
    for (int slot = 0; slot < sessions; slot++) {
      segments.add(new Segment(slot, CONTEXT, rows, 1));
    }
    double[] steps = new double[ROUNDS];
    double[] reads = new double[ROUNDS];
    for (int n = -3; n < ROUNDS; n++) {
      double bound = read.millis();
      long start = nanos(threads);
      engine.step(segments, hidden, false);
      if (n >= 0) {
        steps[n] = (nanos(threads) - start) / 1e6;
        reads[n] = bound;
      }
    }
    for (int slot = 0; slot < sessions; slot++) {
      engine.free(slot);
    }
    Arrays.sort(steps);
    Arrays.sort(reads);
    double best = steps[ROUNDS / 5];
    double bound = reads[ROUNDS / 5];
    System.out.printf(
        "%-5s %2d x %3d rows: step %7.2f ms (median %7.2f)  weights read in %6.2f ms  ratio %.2f  %7.1f rows/s%n",
        engine.shape().precision(),
        sessions,
        rows,
        best,
        steps[ROUNDS / 2],
        bound,
        bound / best,
        sessions * rows / best * 1e3);
  }

  static long weightBytes(UpperSpec spec, WeightPrecision precision) {
    long elements = CanonicalTensors.ofUpper(spec).stream().mapToLong(t -> t.elements()).sum();
    return elements * precision.bytes();
  }

  /** SmolLM2-135M from layer 4 on. */
  static UpperSpec smollm2() {
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, 1e-5);
    AttentionSpec self =
        new AttentionSpec(
            new AttentionSpec.Layout(9, 3, 64),
            AttentionSpec.Biases.NONE,
            0.125,
            new AttentionSpec.Rope(100_000, 64),
            Optional.empty());
    return new UpperSpec(
        "llama",
        576,
        new UpperSpec.Layers(4, 30),
        new BlockSpec(
            norm,
            NormSpec.Placement.PRE,
            self,
            Optional.empty(),
            new MlpSpec(1536, true, MlpSpec.Activation.SILU, false)),
        Optional.of(norm),
        new HeadSpec(49_152, true, 1, false));
  }
}

package dev.cleave.server.engine;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.DecodingSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * Prints what a step costs on one thread: a main to be run by hand, not a test. Arguments: width,
 * layers, vocabulary.
 */
final class StepTimes {
  private static final int SOURCE = 64;
  private static final int TOKENS = 64;

  private StepTimes() {}

  public static void main(String[] args) throws IOException {
    int[] sizes = Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
    Path file = Files.createTempFile("decoder", ".safetensors");
    Files.delete(file);
    try {
      DecoderSpec spec = t5(sizes[0], sizes[1], sizes[2]);
      write(spec, file);
      for (WeightPrecision precision : List.of(WeightPrecision.F32, WeightPrecision.BF16)) {
        EngineOptions options = new EngineOptions("cpu", precision, 16, SOURCE, TOKENS, 1);
        try (TorchDecoderEngine engine = TorchDecoderEngine.open(spec, file, options)) {
          for (int batch : new int[] {1, 2, 4, 8, 16}) {
            time(engine, batch);
          }
        }
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void time(TorchDecoderEngine engine, int batch) {
    DecoderShape shape = engine.shape();
    FloatBuffer hidden = FixtureDecoder.direct(SOURCE * shape.width());
    for (int slot = 0; slot < batch; slot++) {
      engine.prefill(slot, hidden, SOURCE - slot);
    }
    int passes = 6;
    long[] nanos = new long[passes * TOKENS];
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long[] tokens = new long[batch];
    long[] positions = new long[batch];
    for (int n = 0; n < nanos.length; n++) {
      for (int row = 0; row < batch; row++) {
        positions[row] = (n + row * 3L) % TOKENS;
      }
      // processor time, which other work on the machine disturbs less
      long start = threads.getCurrentThreadCpuTime();
      engine.step(batch, tokens, positions, false);
      nanos[n] = threads.getCurrentThreadCpuTime() - start;
    }
    Arrays.sort(nanos);
    double median = nanos[nanos.length / 2] / 1e3;
    System.out.printf(
        "%s batch %2d: median %.0f us, p10 %.0f us, p90 %.0f us, %.0f tokens/s%n",
        shape.precision(),
        batch,
        median,
        nanos[nanos.length / 10] / 1e3,
        nanos[nanos.length * 9 / 10] / 1e3,
        batch * 1e6 / median);
  }

  /** T5 v1.1 with heads of 64. */
  private static DecoderSpec t5(int width, int layers, int vocabulary) {
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, 1e-6);
    AttentionSpec.Layout heads = new AttentionSpec.Layout(width / 64, width / 64, 64);
    AttentionSpec self =
        new AttentionSpec(
            heads,
            AttentionSpec.Biases.NONE,
            1,
            new AttentionSpec.RelativeBias(32, 128, false),
            Optional.empty());
    AttentionSpec cross =
        new AttentionSpec(
            heads, AttentionSpec.Biases.NONE, 1, new AttentionSpec.NoPositions(), Optional.empty());
    BlockSpec block =
        new BlockSpec(
            norm,
            NormSpec.Placement.PRE,
            self,
            Optional.of(cross),
            new MlpSpec(width * 2, true, MlpSpec.Activation.GELU_TANH, false));
    EmbeddingSpec embedding =
        new EmbeddingSpec(vocabulary, 1, new EmbeddingSpec.NoPositions(), Optional.empty());
    return new DecoderSpec(
        "t5",
        new StackSpec(width, layers, embedding, block, Optional.of(norm)),
        new HeadSpec(vocabulary, false, 1, false),
        new DecodingSpec(0, List.of(1), OptionalInt.empty(), OptionalInt.empty(), List.of()));
  }

  /** Random weights, always the same. */
  static void write(DecoderSpec spec, Path file) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofConfined()) {
      List<TensorData> tensors = new ArrayList<>();
      for (CanonicalTensors.Tensor tensor : CanonicalTensors.ofDecoder(spec.stack(), spec.head())) {
        MemorySegment memory = arena.allocate(tensor.elements() * Float.BYTES, 64);
        for (long n = 0; n < tensor.elements(); n++) {
          float value = (float) (random.nextDouble(-1, 1) / Math.sqrt(spec.stack().width()));
          memory.setAtIndex(ValueLayout.JAVA_FLOAT, n, value);
        }
        tensors.add(new TensorData(tensor.name(), DType.F32, tensor.shape(), memory));
      }
      SafetensorsWriter.write(file, tensors, _ -> {});
    }
  }
}

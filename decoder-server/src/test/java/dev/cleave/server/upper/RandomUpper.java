package dev.cleave.server.upper;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.RopeScaling;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** The upper half of a small model with random weights, always the same for the same seed. */
public final class RandomUpper {
  static final int WIDTH = 48;
  static final int VOCABULARY = 97;
  static final int SLOTS = 5;
  static final int MAX_POSITIONS = 64;
  static final int MAX_STEP = 40;

  /** Forms of the families, and a few that none has yet. */
  enum Form {
    LLAMA,
    LLAMA3_SCALING,
    LINEAR_SCALING,
    QWEN2,
    QWEN3,
    GPT2,
    PARTIAL_ROPE,
    UNTIED_HEAD_WITH_BIAS
  }

  final UpperSpec spec;
  public final Path file;
  private final Map<String, float[]> weights = new LinkedHashMap<>();

  RandomUpper(Form form, long seed, Path folder) {
    this(spec(form), seed, folder.resolve(form + "-" + seed + ".safetensors"));
  }

  public RandomUpper(UpperSpec spec, long seed, Path file) {
    this.spec = spec;
    this.file = file;
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      List<TensorData> tensors = new ArrayList<>();
      for (CanonicalTensors.Tensor tensor : CanonicalTensors.ofUpper(spec)) {
        float[] values = values(tensor, random);
        weights.put(tensor.name(), values);
        MemorySegment memory = arena.allocate((long) values.length * Float.BYTES, 64);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_FLOAT, 0, values.length);
        tensors.add(new TensorData(tensor.name(), DType.F32, tensor.shape(), memory));
      }
      SafetensorsWriter.write(file, tensors, _ -> {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Norms near 1, all else so that a layer neither dies nor explodes. */
  private static float[] values(CanonicalTensors.Tensor tensor, SplittableRandom random) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    boolean matrix = tensor.shape().size() == 2;
    double middle = !matrix && tensor.name().endsWith("weight") ? 1 : 0;
    double spread = matrix ? 2 / Math.sqrt(tensor.shape().get(1)) : 0.3;
    for (int n = 0; n < values.length; n++) {
      values[n] = (float) (middle + spread * random.nextDouble(-1, 1));
    }
    return values;
  }

  float[] weight(String name) {
    float[] values = weights.get(name);
    if (values == null) {
      throw new IllegalStateException(name);
    }
    return values;
  }

  /** The weights of what is added, or nothing. */
  Optional<float[]> optional(String name) {
    return Optional.ofNullable(weights.get(name));
  }

  TorchUpperEngine open() {
    return open(WeightPrecision.F32);
  }

  TorchUpperEngine open(WeightPrecision precision) {
    return TorchUpperEngine.open(spec, file, options(precision));
  }

  static UpperOptions options(WeightPrecision precision) {
    return new UpperOptions(
        "cpu", precision, new UpperOptions.Sizes(SLOTS, MAX_POSITIONS, MAX_STEP), 1);
  }

  /** Boundary states of one session, {@code [positions, width]}, in direct memory. */
  FloatBuffer states(int positions, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    FloatBuffer states = direct(positions * spec.width());
    for (int n = 0; n < states.capacity(); n++) {
      states.put(n, (float) random.nextDouble(-2, 2));
    }
    return states;
  }

  static FloatBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private static UpperSpec spec(Form form) {
    boolean qwen2 = form == Form.QWEN2;
    boolean gpt2 = form == Form.GPT2;
    boolean ownHead = form == Form.UNTIED_HEAD_WITH_BIAS;
    NormSpec norm = new NormSpec(gpt2 ? NormSpec.Kind.LAYER : NormSpec.Kind.RMS, 1e-5);
    AttentionSpec self =
        new AttentionSpec(
            gpt2 ? new AttentionSpec.Layout(4, 4, 12) : new AttentionSpec.Layout(6, 2, 10),
            gpt2 ? AttentionSpec.Biases.ALL : new AttentionSpec.Biases(qwen2, qwen2, qwen2, false),
            0.3,
            positions(form),
            form == Form.QWEN3
                ? Optional.of(new NormSpec(NormSpec.Kind.RMS, 1e-6))
                : Optional.empty());
    MlpSpec mlp =
        gpt2
            ? new MlpSpec(80, false, MlpSpec.Activation.GELU_TANH, true)
            : new MlpSpec(72, true, MlpSpec.Activation.SILU, ownHead);
    return new UpperSpec(
        form.toString(),
        WIDTH,
        new UpperSpec.Layers(2, 5),
        new BlockSpec(norm, NormSpec.Placement.PRE, self, Optional.empty(), mlp),
        Optional.of(norm),
        new HeadSpec(VOCABULARY, !ownHead, ownHead ? 0.7 : 1, ownHead));
  }

  private static AttentionSpec.Positions positions(Form form) {
    return switch (form) {
      case GPT2 -> new AttentionSpec.NoPositions();
      case PARTIAL_ROPE -> new AttentionSpec.Rope(10_000, 4);
      case LLAMA3_SCALING -> new AttentionSpec.Rope(100, 10, new RopeScaling.Llama3(8, 1, 4, 32));
      case LINEAR_SCALING -> new AttentionSpec.Rope(10_000, 10, new RopeScaling.Linear(4));
      default -> new AttentionSpec.Rope(10_000, 10);
    };
  }
}

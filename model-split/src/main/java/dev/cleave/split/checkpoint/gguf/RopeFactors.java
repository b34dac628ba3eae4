package dev.cleave.split.checkpoint.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.block.RopeScaling;
import dev.cleave.split.checkpoint.gguf.format.GgmlType;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufTensor;
import dev.cleave.split.error.CheckpointRefused;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Finds the parameters behind {@code rope_freqs.weight}, by which llama.cpp divides the rotary
 * frequencies: the converter writes the scaling of Llama 3.x as this tensor and drops its
 * parameters.
 */
final class RopeFactors {
  static final String TENSOR = "rope_freqs.weight";

  /** Those of Llama 3.1 (8) and 3.2 (32). */
  private static final double[] FACTORS = {8, 32};

  private static final double LOW = 1;
  private static final double HIGH = 4;
  private static final int ORIGINAL_POSITIONS = 8192;

  /** The converter computes in f32, from frequencies that were rounded to f32 before. */
  private static final double TOLERANCE = 1e-5;

  private RopeFactors() {}

  /**
   * Adds what the tensor means to {@code rope_parameters}, which holds {@code rope_theta}.
   *
   * @throws CheckpointRefused when no known parameters give these factors
   */
  static void describe(GgufFile file, GgufTensor tensor, int headDim, ObjectNode rope) {
    if (tensor.type() != GgmlType.F32 || !tensor.shape().equals(List.of((long) headDim / 2))) {
      throw new CheckpointRefused(
          "tensor " + TENSOR,
          "is " + tensor.type() + " " + tensor.shape() + ", not F32 [" + headDim / 2 + "]");
    }
    float[] factors =
        file.bytes(tensor)
            .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    double theta = rope.get("rope_theta").doubleValue();
    if (matches(factors, theta, new RopeScaling.None())) {
      return;
    }
    for (double factor : FACTORS) {
      if (matches(factors, theta, new RopeScaling.Llama3(factor, LOW, HIGH, ORIGINAL_POSITIONS))) {
        rope.put("rope_type", "llama3")
            .put("factor", factor)
            .put("low_freq_factor", LOW)
            .put("high_freq_factor", HIGH)
            .put("original_max_position_embeddings", ORIGINAL_POSITIONS);
        return;
      }
    }
    throw new CheckpointRefused(
        "tensor " + TENSOR,
        "is not the scaling of Llama 3.1 or 3.2, whose parameters are known; first and last factor"
            + " are "
            + factors[0]
            + " and "
            + factors[factors.length - 1]);
  }

  private static boolean matches(float[] factors, double theta, RopeScaling scaling) {
    for (int i = 0; i < factors.length; i++) {
      float plain = (float) (1 / Math.pow(theta, (double) i / factors.length));
      double expected = plain / (double) scaling.apply(plain);
      if (!(Math.abs(factors[i] - expected) <= TOLERANCE * expected)) {
        return false;
      }
    }
    return true;
  }
}

package dev.cleave.split.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockQuantizerTest {
  private static final int ROWS = 5;

  private final long[] told = {0};

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 32, 33, 207, 1024})
  void eightBitsMissByHalfAStepAtMost(int columns) {
    float[] values = gaussians(columns, columns);
    for (boolean table : new boolean[] {false, true}) {
      float[] decoded = rounded(values, columns, 8, table);
      for (int row = 0; row < ROWS; row++) {
        for (int from = 0; from < columns; from += 32) {
          int start = row * columns + from;
          int end = row * columns + Math.min(from + 32, columns);
          float largest = 0;
          for (int i = start; i < end; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
          }
          for (int i = start; i < end; i++) {
            assertThat(Math.abs(values[i] - decoded[i])).isLessThan(0.501f * largest / 127);
          }
        }
      }
    }
    assertThat(told[0]).isEqualTo(2L * ROWS * columns * Float.BYTES);
  }

  @Test
  void eightBitsKeepValuesOfTheirOwnGrid() {
    float[] values = new float[ROWS * 64];
    Random random = new Random(3);
    for (int i = 0; i < values.length; i++) {
      values[i] = 0.03125f * (i % 32 == 9 ? -127 : random.nextInt(-127, 128));
    }
    assertThat(rounded(values, 64, 8, false)).isEqualTo(values);
    assertThat(rounded(values, 64, 8, true)).isEqualTo(values);
  }

  @Test
  void fourBitsKeepValuesOfAGridWithAnyZero() {
    float[] values = new float[ROWS * 96];
    Random random = new Random(4);
    for (int block = 0; block < values.length / 32; block++) {
      int zero = 1 + block % 14;
      for (int i = 0; i < 32; i++) {
        int code = i < 16 ? i : random.nextInt(16);
        values[block * 32 + i] = 0.0625f * (code - zero);
      }
    }
    assertThat(rounded(values, 96, 4, false)).isEqualTo(values);
  }

  /** The bound is what ordinary rounding between smallest and largest reaches on this noise. */
  @ParameterizedTest
  @ValueSource(ints = {32, 207, 1024})
  void fourBitsErrLessThanRoundingBetweenTheExtremes(int columns) {
    float[] values = gaussians(columns, 5);
    float[] decoded = rounded(values, columns, 4, false);
    double error = 0;
    double plain = 0;
    for (int row = 0; row < ROWS; row++) {
      for (int from = 0; from < columns; from += 32) {
        float[] block =
            Arrays.copyOfRange(
                values, row * columns + from, row * columns + Math.min(from + 32, columns));
        float low = 0;
        float high = 0;
        for (float value : block) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
        float step = (high - low) / 15;
        int zero = Math.round(-low / step);
        for (int i = 0; i < block.length; i++) {
          int code = Math.clamp(Math.round(block[i] / step) + zero, 0, 15);
          plain += Math.pow(block[i] - step * (code - zero), 2);
          error += Math.pow(block[i] - decoded[row * columns + from + i], 2);
        }
      }
    }
    assertThat(error).isLessThan(0.97 * plain);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void blocksOfOneValueAreKept(int bits) {
    for (float value : new float[] {0, 0.75f, -3, 1e-30f}) {
      float[] values = new float[ROWS * 40];
      Arrays.fill(values, value);
      float[] decoded = rounded(values, 40, bits, false);
      for (float actual : decoded) {
        assertThat(Math.abs(actual - value)).isLessThanOrEqualTo(1e-6f * Math.abs(value));
      }
    }
  }

  @Test
  void halfPrecisionInputGivesTheCodesOfItsValues() {
    float[] values = gaussians(64, 6);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment halves = arena.allocate(values.length * 2L, 2);
      for (int i = 0; i < values.length; i++) {
        short half = Float.floatToFloat16(values[i]);
        halves.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
        values[i] = Float.float16ToFloat(half);
      }
      TensorData f16 = new TensorData("w", DType.F16, List.of((long) ROWS, 64L), halves);
      BlockQuantizer.Quantized quantized = BlockQuantizer.linear(f16, 4, arena, this::tell);
      assertThat(decode(quantized, 64, 4)).isEqualTo(rounded(values, 64, 4, false));
    }
  }

  private void tell(long bytes) {
    told[0] += bytes;
  }

  private float[] rounded(float[] values, int columns, int bits, boolean table) {
    try (Arena arena = Arena.ofConfined()) {
      TensorData tensor =
          new TensorData(
              "w",
              DType.F32,
              List.of((long) values.length / columns, (long) columns),
              MemorySegment.ofArray(values));
      BlockQuantizer.Quantized quantized =
          table
              ? BlockQuantizer.table(tensor, arena, this::tell)
              : BlockQuantizer.linear(tensor, bits, arena, this::tell);
      int blocks = Math.ceilDiv(columns, 32);
      assertThat(quantized.codes().bytes().byteSize())
          .isEqualTo(ROWS * (table ? columns : blocks * 32L * bits / 8));
      assertThat(quantized.zeros() == null).isEqualTo(bits == 8);
      return decode(quantized, columns, bits);
    }
  }

  /** As the operators' documentation has it. */
  private static float[] decode(BlockQuantizer.Quantized quantized, int columns, int bits) {
    float[] values = new float[ROWS * columns];
    byte[] codes = quantized.codes().bytes().toArray(ValueLayout.JAVA_BYTE);
    float[] scales = quantized.scales().bytes().toArray(ValueLayout.JAVA_FLOAT);
    int blocks = Math.ceilDiv(columns, 32);
    for (int i = 0; i < values.length; i++) {
      int row = i / columns;
      int column = i % columns;
      float scale = scales[row * blocks + column / 32];
      if (bits == 8) {
        int code = Byte.toUnsignedInt(codes[row * (codes.length / ROWS) + column]);
        values[i] = scale * (code - 128);
      } else {
        byte[] zeros =
            Objects.requireNonNull(quantized.zeros()).bytes().toArray(ValueLayout.JAVA_BYTE);
        int code = half(codes, row * blocks * 32 + column);
        values[i] = scale * (code - half(zeros, row * Math.ceilDiv(blocks, 2) * 2 + column / 32));
      }
    }
    return values;
  }

  private static int half(byte[] bytes, int index) {
    return Byte.toUnsignedInt(bytes[index / 2]) >> (index % 2 * 4) & 15;
  }

  private static float[] gaussians(int columns, long seed) {
    Random random = new Random(seed);
    float[] values = new float[ROWS * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}

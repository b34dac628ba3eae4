package dev.cleave.split.onnx;

import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Rounds a matrix to few bits in blocks of 32 along its rows: {@code w = scale * (code - zero)}.
 * The same values give the same codes on every machine.
 *
 * <p>8 bits have the zero 128 throughout and reach as far as the block's largest magnitude. 4 bits
 * have a zero for each block, and of several reaches the one that leaves the smallest square error:
 * to cut off a block's outermost weight often serves the other 31.
 */
final class BlockQuantizer {
  /** Columns that share a scale. */
  static final int BLOCK = 32;

  /** What part of its range a block of 4 bits covers; finer steps gain less than 1 % of error. */
  private static final float[] REACHES = {1, 0.95f, 0.9f, 0.85f, 0.8f, 0.75f};

  private static final int TOP = 15;
  private static final int MIDDLE = 128;

  private final int bits;
  private final int columns;
  private final int blocks;
  private final long rowBytes;
  private final MemorySegment codes;
  private final MemorySegment scales;
  private final @Nullable MemorySegment zeros;

  /** One block: what goes in, and what comes out. */
  private final float[] block = new float[BLOCK];

  private final int[] code = new int[BLOCK];
  private final int[] candidate = new int[BLOCK];
  private float scale;
  private int zero;

  /**
   * A rounded matrix.
   *
   * @param codes U8; the low half of a byte comes first where there are two
   * @param scales F32 {@code [rows * blocks]}
   * @param zeros U8, two blocks to a byte, each row from a new one; null where all are 128
   */
  record Quantized(TensorData codes, TensorData scales, @Nullable TensorData zeros) {}

  private BlockQuantizer(int bits, int rows, int columns, boolean wholeBlocks, Arena arena) {
    this.bits = bits;
    this.columns = columns;
    this.blocks = Math.ceilDiv(columns, BLOCK);
    this.rowBytes = (wholeBlocks ? (long) blocks * BLOCK : columns) * bits / Byte.SIZE;
    this.codes = arena.allocate(rows * rowBytes);
    this.scales = arena.allocate((long) rows * blocks * Float.BYTES, Float.BYTES);
    this.zeros = bits == 4 ? arena.allocate(rows * zeroBytes()) : null;
  }

  /**
   * For a linear: rows are filled up to whole blocks.
   *
   * @param tensor {@code [rows, columns]}, f32, f16 or bf16
   * @param bits 4 or 8
   * @param arena for the result
   * @param done told the bytes in f32 of what was rounded
   */
  static Quantized linear(TensorData tensor, int bits, Arena arena, LongConsumer done) {
    BlockQuantizer quantizer =
        new BlockQuantizer(bits, size(tensor, 0), size(tensor, 1), true, arena);
    quantizer.run(tensor, done);
    long rows = tensor.shape().getFirst();
    return quantizer.result(
        tensor,
        List.of(rows, (long) quantizer.blocks, (long) BLOCK * bits / Byte.SIZE),
        List.of(rows * quantizer.blocks));
  }

  /** For a table whose rows are looked up: 8 bits, rows as long as they are. */
  static Quantized table(TensorData tensor, Arena arena, LongConsumer done) {
    BlockQuantizer quantizer =
        new BlockQuantizer(8, size(tensor, 0), size(tensor, 1), false, arena);
    quantizer.run(tensor, done);
    long rows = tensor.shape().getFirst();
    return quantizer.result(tensor, tensor.shape(), List.of(rows, (long) quantizer.blocks));
  }

  private static int size(TensorData tensor, int axis) {
    return Math.toIntExact(tensor.shape().get(axis));
  }

  private Quantized result(TensorData tensor, List<Long> codeShape, List<Long> scaleShape) {
    return new Quantized(
        new TensorData(tensor.name() + ".codes", DType.U8, codeShape, codes),
        new TensorData(tensor.name() + ".scales", DType.F32, scaleShape, scales),
        zeros == null
            ? null
            : new TensorData(tensor.name() + ".zeros", DType.U8, List.of(zeros.byteSize()), zeros));
  }

  private long zeroBytes() {
    return Math.ceilDiv(blocks, 2);
  }

  private void run(TensorData tensor, LongConsumer done) {
    int rows = size(tensor, 0);
    float[] row = new float[columns];
    for (int r = 0; r < rows; r++) {
      Weights.readF32(
          tensor.bytes(), tensor.dtype(), (long) r * columns, MemorySegment.ofArray(row));
      for (int b = 0; b < blocks; b++) {
        int count = Math.min(BLOCK, columns - b * BLOCK);
        System.arraycopy(row, b * BLOCK, block, 0, count);
        Arrays.fill(block, count, BLOCK, 0);
        if (bits == 4) {
          roundToFour();
        } else {
          roundToEight();
        }
        store(r, b);
      }
      done.accept((long) columns * Float.BYTES);
    }
  }

  private void roundToEight() {
    float largest = 0;
    for (float value : block) {
      largest = Math.max(largest, Math.abs(value));
    }
    scale = largest / (MIDDLE - 1);
    zero = MIDDLE;
    for (int i = 0; i < BLOCK; i++) {
      code[i] = scale == 0 ? MIDDLE : Math.round(block[i] / scale) + MIDDLE;
    }
  }

  private void roundToFour() {
    float low = 0;
    float high = 0;
    for (float value : block) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    scale = 0;
    zero = TOP / 2;
    Arrays.fill(code, zero);
    double best = Double.MAX_VALUE;
    for (float reach : high == low ? new float[0] : REACHES) {
      best = tryReach(reach * (high - low) / TOP, (low + high) / 2, best);
    }
  }

  /** Rounds with a step and the middle of the range, then fits the scale to the codes. */
  private double tryReach(float step, float middle, double best) {
    int at = Math.clamp(Math.round(TOP / 2f - middle / step), 0, TOP);
    double product = 0;
    double square = 0;
    double energy = 0;
    for (int i = 0; i < BLOCK; i++) {
      int level = Math.clamp(Math.round(block[i] / step) + at, 0, TOP);
      candidate[i] = level;
      double signed = level - at;
      product += block[i] * signed;
      square += signed * signed;
      energy += (double) block[i] * block[i];
    }
    double error = square == 0 ? energy : energy - product * product / square;
    if (error >= best) {
      return best;
    }
    System.arraycopy(candidate, 0, code, 0, BLOCK);
    scale = square == 0 ? 0 : (float) (product / square);
    zero = at;
    return error;
  }

  private void store(int row, int b) {
    scales.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * blocks + b, scale);
    long at = row * rowBytes + (long) b * BLOCK * bits / Byte.SIZE;
    if (zeros == null) {
      long count = Math.min(BLOCK, (row + 1) * rowBytes - at);
      for (int i = 0; i < count; i++) {
        codes.set(ValueLayout.JAVA_BYTE, at + i, (byte) code[i]);
      }
    } else {
      for (int i = 0; i < BLOCK; i += 2) {
        codes.set(ValueLayout.JAVA_BYTE, at + i / 2, (byte) (code[i] | code[i + 1] << 4));
      }
      long pair = row * zeroBytes() + b / 2;
      int first = zeros.get(ValueLayout.JAVA_BYTE, pair);
      zeros.set(ValueLayout.JAVA_BYTE, pair, (byte) (b % 2 == 0 ? zero : first | zero << 4));
    }
  }
}

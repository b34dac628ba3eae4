package dev.cleave.codec.payload;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The payload of INT4: a scale and half a byte for each channel, row by row, always {@code
 * ceil(width / 2) + 4} bytes.
 *
 * <pre>
 *    +-------------------+----------------------------------------+
 *    | scale, f32        |  codes, two a byte, the first one low  |   an ordinary row
 *    +-------------------+--------------------+-------------------+
 *    | -scale, f32       |  codes, fewer      | massive entries   |   a row that has some
 *    +-------------------+--------------------+-------------------+
 * </pre>
 *
 * <p>The row's coordinates y are those of {@link Rotation}; {@code y = level(code) * scale * P}.
 * The 16 levels are the Lloyd-Max quantiser of the normal distribution, which rotated coordinates
 * nearly have, in whole 256ths of a deviation, so that rotating them back is exact; {@code scale =
 * rms(y) / (256 P)}. A row that equals the profile's means, or whose scale would be subnormal, has
 * scale 0 and codes 0. The half byte that an odd width leaves is 0.
 *
 * <p>An entry more than {@value #MASSIVE} times as large as the rms of the rest of its row would
 * take all levels for itself. Up to {@value #MOST_MASSIVE} of them are taken out of a row before
 * the rotation and lie at its end, by ascending channel, each as u32 channel and f32 value, and
 * last their number as u8. They take the place of the last codes, at most a quarter of them, whose
 * coordinates are then 0; the sign bit of the scale says so.
 */
public final class Int4Payload implements PayloadCodec {
  /**
   * An entry's two words cost 16 codes, and so 16/width of the rest's energy; quantised it costs at
   * least 0.0095 of its own: that is even at 41. The larger the entry, the less normal its row.
   */
  private static final int MASSIVE = 32;

  private static final int MOST_MASSIVE = 8;
  private static final int ENTRY_BYTES = 8;

  /** Those above zero; 0.01 dB worse than the exact ones. */
  private static final int[] LEVELS = {33, 99, 168, 241, 322, 414, 530, 700};

  private static final int UNIT = 256;

  /** Cells of a deviation in which the encoder looks for the nearest level: 127 reach 2.44. */
  private static final int CELLS = 52;

  private static final int MOST_CELLS = 127;
  private static final byte[] CODE_OF_CELL = codes();
  private static final float[] LEVEL_OF_CODE = levels();

  private final RowCoder rows;
  private final int width;
  private final int codeBytes;
  private final int[] massive = new int[MOST_MASSIVE];
  private byte[] cells = new byte[0];
  private byte[] packed = cells;

  /**
   * Rows of {@code width} elements.
   *
   * @param profile of that width, or null: then coordinates are of the values as they are
   */
  public Int4Payload(int width, @Nullable Profile profile) {
    this.width = width;
    this.codeBytes = width / 2 + width % 2;
    this.rows = new RowCoder("INT4", width, profile, LEVELS[LEVELS.length - 1]);
  }

  @Override
  public long minBytes(int positions) {
    return positions * ((long) codeBytes + Float.BYTES);
  }

  @Override
  public long maxBytes(int positions) {
    return minBytes(positions);
  }

  @Override
  public int encode(FloatBuffer values, int at, int positions, ByteBuffer out, int offset) {
    prepare();
    int to = offset;
    for (int position = 0; position < positions; position++) {
      float[] y = rows.normalised(values, at, position);
      int taken = takeMassive(y, rows.largest(values, at, position));
      rows.rotate();
      rows.largest(values, at, position);
      double rms = Math.sqrt(Kernels.sumOfSquares(y, 0, width) / width);
      float scale = rows.scale((float) (rms / UNIT), position);
      Kernels.quantise(y, width, rows.inverseStep(scale) / UNIT * CELLS, MOST_CELLS, cells);
      pack(scale);
      out.putFloat(to, taken == 0 ? scale : -scale);
      out.put(to + Float.BYTES, packed, 0, codeBytes);
      to += Float.BYTES + codeBytes;
      putMassive(values, at + position * width, taken, out, to);
    }
    return to - offset;
  }

  /** Sets the massive entries to 0 and lists their channels, ascending. */
  private int takeMassive(float[] u, float largest) {
    int most = mostMassive();
    if (most == 0) {
      return 0;
    }
    double energy = Kernels.sumOfSquares(u, 0, width);
    int taken = 0;
    while (taken < most && isMassive(largest, energy)) {
      int c = 0;
      while (Math.abs(u[c]) != largest) {
        c++;
      }
      massive[taken++] = c;
      u[c] = 0;
      energy = Kernels.sumOfSquares(u, 0, width);
      largest = Kernels.maxMagnitude(u, 0, width);
    }
    Arrays.sort(massive, 0, taken);
    return taken;
  }

  private boolean isMassive(double value, double energy) {
    double square = value * value;
    return square * width > (double) MASSIVE * MASSIVE * (energy - square) && square > 0;
  }

  /** As many as a quarter of the codes leaves room for. */
  private int mostMassive() {
    return Math.clamp((codeBytes / 4 - 1) / ENTRY_BYTES, 0, MOST_MASSIVE);
  }

  private void pack(float scale) {
    if (scale == 0) {
      Arrays.fill(packed, 0, codeBytes, (byte) 0);
      return;
    }
    for (int i = 0; i < width / 2; i++) {
      int low = CODE_OF_CELL[cells[2 * i] + MOST_CELLS];
      int high = CODE_OF_CELL[cells[2 * i + 1] + MOST_CELLS];
      packed[i] = (byte) (high << 4 | low);
    }
    if (width % 2 == 1) {
      packed[codeBytes - 1] = CODE_OF_CELL[cells[width - 1] + MOST_CELLS];
    }
  }

  private void putMassive(FloatBuffer values, int row, int taken, ByteBuffer out, int end) {
    if (taken == 0) {
      return;
    }
    int to = end - 1 - taken * ENTRY_BYTES;
    for (int i = 0; i < taken; i++) {
      out.putInt(to, massive[i]).putFloat(to + Integer.BYTES, values.get(row + massive[i]));
      to += ENTRY_BYTES;
    }
    out.put(to, (byte) taken);
  }

  @Override
  public void decode(Payload in, FloatBuffer out, int at) {
    prepare();
    ByteBuffer buffer = in.buffer();
    int from = in.offset();
    for (int position = 0; position < in.positions(); position++) {
      float signed = buffer.getFloat(from);
      int end = from + Float.BYTES + codeBytes;
      int taken = Float.floatToRawIntBits(signed) < 0 ? checkedMassive(buffer, end) : 0;
      float scale = rows.checkedScale(taken == 0 ? signed : -signed, from);
      int bytes = taken == 0 ? codeBytes : codeBytes - 1 - taken * ENTRY_BYTES;
      buffer.get(from + Float.BYTES, packed, 0, bytes);
      unpack(scale, bytes, from + Float.BYTES);
      rows.values(scale, out, at + position * width);
      for (int i = 0; i < taken; i++) {
        int entry = end - 1 - (taken - i) * ENTRY_BYTES;
        out.put(at + position * width + buffer.getInt(entry), buffer.getFloat(entry + 4));
      }
      from = end;
    }
  }

  private int checkedMassive(ByteBuffer buffer, int end) {
    int taken = Byte.toUnsignedInt(buffer.get(end - 1));
    if (taken == 0 || taken > mostMassive()) {
      throw new CorruptPayload(
          end - 1, "row has %d massive entries, 1 to %d may be".formatted(taken, mostMassive()));
    }
    int last = -1;
    for (int i = 0; i < taken; i++) {
      int entry = end - 1 - (taken - i) * ENTRY_BYTES;
      int channel = buffer.getInt(entry);
      if (channel <= last || channel >= width) {
        throw new CorruptPayload(entry, "massive entry is in channel " + channel);
      }
      if (!Float.isFinite(buffer.getFloat(entry + Integer.BYTES))) {
        throw new CorruptPayload(entry + Integer.BYTES, "massive entry is not finite");
      }
      last = channel;
    }
    return taken;
  }

  private void unpack(float scale, int bytes, int offset) {
    float[] y = rows.scratch();
    int coordinates = Math.min(2 * bytes, width);
    int bits = 0;
    for (int i = 0; i < coordinates / 2; i++) {
      bits |= packed[i];
      y[2 * i] = LEVEL_OF_CODE[packed[i] & 15];
      y[2 * i + 1] = LEVEL_OF_CODE[packed[i] >> 4 & 15];
    }
    if (coordinates % 2 == 1) {
      int last = packed[bytes - 1];
      bits |= last;
      y[coordinates - 1] = LEVEL_OF_CODE[last & 15];
      if (last >> 4 != 0) {
        throw new CorruptPayload(offset + bytes - 1, "unused half byte is not 0");
      }
    }
    Arrays.fill(y, scale == 0 ? 0 : coordinates, width, 0);
    if (scale == 0 && bits != 0) {
      throw new CorruptPayload(offset, "row of scale 0 is not all zeros");
    }
  }

  private void prepare() {
    if (cells.length < width) {
      cells = new byte[width];
      packed = new byte[codeBytes];
    }
  }

  /** Codes ascend with their levels. */
  private static float[] levels() {
    int half = LEVELS.length;
    float[] levels = new float[2 * half];
    for (int i = 0; i < half; i++) {
      levels[half + i] = LEVELS[i];
      levels[half - 1 - i] = -LEVELS[i];
    }
    return levels;
  }

  private static byte[] codes() {
    float[] levels = levels();
    byte[] codes = new byte[2 * MOST_CELLS + 1];
    for (int cell = -MOST_CELLS; cell <= MOST_CELLS; cell++) {
      int code = 0;
      while (code < levels.length - 1
          && cell * 2 * UNIT > CELLS * (levels[code] + levels[code + 1])) {
        code++;
      }
      codes[cell + MOST_CELLS] = (byte) code;
    }
    return codes;
  }
}

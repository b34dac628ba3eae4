package dev.cleave.codec.rate;

import dev.cleave.codec.payload.CorruptPayload;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import dev.cleave.codec.quantise.Steps;
import java.nio.FloatBuffer;

/**
 * Rows without a profile: divided by scales that the frame carries. With {@value #ROWS} rows or
 * more there is a scale per channel, with fewer one per row and group of {@value #GROUP} channels:
 * the root mean square in quarters of an octave. The head of a frame is a code per scale, then
 * {@link MassiveEntries}:
 *
 * <pre>
 *    0            all its values are zero
 *    1 .. 254     the scale is 2^((code - 127) / 4)
 *    255, e i16   the scale is 2^(e / 4), e beyond -126 .. 127
 * </pre>
 *
 * <p>Values that would spoil the scale of their neighbours are massive: they travel as they are and
 * count as zero. The errors that a distortion is made of are over the mean square of what shares a
 * scale, massive values left out.
 */
final class StatisticsRows implements Rows {
  static final int ROWS = 32;
  static final int GROUP = 32;

  private static final int ZERO = 0;
  private static final int EXTENDED = 255;
  private static final int BIAS = 127;

  /** 2^-126, the lowest normal float: what is smaller becomes multiples of a smaller step. */
  private static final int LOWEST = -4 * 126;

  /** 2^125.75: the most that a receiver takes. */
  private static final int HIGHEST = 4 * 126 - 1;

  /** 2^110: the values themselves stay below 2^126, and what is put out for them finite. */
  private static final int MOST_OF_SENDERS = 4 * 110;

  private static final int NONE = Integer.MIN_VALUE;

  /** Fewer have no neighbours to spoil. */
  private static final int FEWEST_WITH_MASSIVE = 4;

  /** So many times the root mean square of all others: of normal values 1 in 10^4 groups. */
  private static final double MASSIVE = 4.5;

  private static final double MASSIVE_AMONG_FEW = 12;
  private static final int FEW = 16;

  private final int width;
  private final float[] scales;
  private final MassiveEntries massive = new MassiveEntries();

  /** Per scale its exponent in quarters of an octave, or NONE. */
  private int[] exponents = new int[0];

  /** Per scale; of massive values left out. */
  private double[] meanSquares = new double[0];

  /** Per scale, what is larger is massive. */
  private float[] limits = new float[0];

  private boolean massiveAllowed = true;
  private boolean perChannel;
  private int positions;

  StatisticsRows(int width) {
    this.width = width;
    this.scales = new float[width];
  }

  /** The fewest bytes of {@link #write}. */
  static long minHeadBytes(int width, int rows) {
    return scaleCount(width, rows) + 1;
  }

  private static long scaleCount(int width, int rows) {
    return rows >= ROWS ? width : rows * ((width + GROUP - 1L) / GROUP);
  }

  private int groups() {
    return (width + GROUP - 1) / GROUP;
  }

  @Override
  public void analyse(FloatBuffer values, int at, int rows, float[] coordinates) {
    start(rows);
    values.get(at, coordinates, 0, rows * width);
    massive.clear();
    int count = (int) scaleCount(width, rows);
    boolean hasMassive = false;
    for (int i = 0; i < count; i++) {
      meanSquares[i] = meanSquare(coordinates, i);
      hasMassive |= limits[i] < Float.POSITIVE_INFINITY;
      int quarters = (Steps.logarithm(meanSquares[i]) + 4) >> 3;
      exponents[i] = meanSquares[i] == 0 ? NONE : Math.max(quarters, LOWEST);
      if (exponents[i] > MOST_OF_SENDERS) {
        throw refusal(coordinates);
      }
    }
    for (int r = 0; r < rows; r++) {
      if (hasMassive) {
        takeMassive(coordinates, r);
      }
      if (r == 0 || !perChannel) {
        scales(r);
        for (int c = 0; c < width; c++) {
          scales[c] = scales[c] == 0 ? 0 : 1 / scales[c];
        }
      }
      int to = r * width;
      for (int c = 0; c < width; c++) {
        coordinates[to + c] *= scales[c];
      }
    }
  }

  /** Of the values of a scale without the massive ones, for which it sets the limit. */
  private double meanSquare(float[] values, int scale) {
    int members = perChannel ? positions : Math.min(GROUP, width - scale % groups() * GROUP);
    int stride = perChannel ? width : 1;
    int first = perChannel ? scale : scale / groups() * width + scale % groups() * GROUP;
    limits[scale] = Float.POSITIVE_INFINITY;
    double times = members < FEW ? MASSIVE_AMONG_FEW : MASSIVE;
    for (int left = members; ; ) {
      double sum = 0;
      float most = 0;
      int counted = 0;
      for (int i = 0, at = first; i < members; i++, at += stride) {
        float value = values[at];
        if (!(Math.abs(value) > limits[scale])) {
          sum += (double) value * value;
          most = Math.max(most, Math.abs(value));
          counted++;
        }
      }
      left = counted;
      double others = (sum - (double) most * most) / Math.max(1, left - 1);
      if (!massiveAllowed
          || members < FEWEST_WITH_MASSIVE
          || left <= members / 2
          || !(others > 0)
          || !((double) most * most > times * times * others)) {
        return sum / Math.max(1, left);
      }
      limits[scale] = Math.nextDown(most);
    }
  }

  private void takeMassive(float[] values, int r) {
    int from = r * width;
    for (int c = 0; c < width; c++) {
      if (Math.abs(values[from + c]) > limits[scaleOf(r, c)]) {
        massive.add(from + c, values[from + c]);
        values[from + c] = 0;
      }
    }
  }

  private int scaleOf(int r, int c) {
    return perChannel ? c : r * groups() + c / GROUP;
  }

  private IllegalArgumentException refusal(float[] values) {
    int bad = 0;
    while (bad < positions * width - 1 && Math.abs(values[bad]) < 0x1p108f) {
      bad++;
    }
    return new IllegalArgumentException(
        "RATE cannot code position %d, channel %d: not finite, or far too large; use RAW_F32"
            .formatted(bad / width, bad % width));
  }

  @Override
  public void allowMassive(boolean allowed) {
    massiveAllowed = allowed;
  }

  @Override
  public void write(SideWriter head, int rows) {
    int count = (int) scaleCount(width, rows);
    for (int i = 0; i < count; i++) {
      int exponent = exponents[i];
      if (exponent == NONE) {
        head.u8(ZERO);
      } else if (exponent > -BIAS && exponent <= BIAS) {
        head.u8(exponent + BIAS);
      } else {
        head.u8(EXTENDED);
        head.i16(exponent);
      }
    }
    massive.write(head);
  }

  @Override
  public void read(SideReader head, int rows) {
    start(rows);
    int count = (int) scaleCount(width, rows);
    for (int i = 0; i < count; i++) {
      int from = head.at();
      int code = head.u8();
      if (code == EXTENDED) {
        int exponent = head.i16();
        if ((exponent > -BIAS && exponent <= BIAS) || exponent < LOWEST || exponent > HIGHEST) {
          throw new CorruptPayload(from, "scale has exponent " + exponent);
        }
        exponents[i] = exponent;
      } else {
        exponents[i] = code == ZERO ? NONE : code - BIAS;
      }
    }
    massive.read(head, (long) rows * width);
  }

  private void start(int rows) {
    positions = rows;
    perChannel = rows >= ROWS;
    int count = (int) scaleCount(width, rows);
    if (exponents.length < count) {
      exponents = new int[count];
      meanSquares = new double[count];
      limits = new float[count];
    }
  }

  private void scales(int r) {
    for (int c = 0; c < width; c++) {
      int exponent = exponents[scaleOf(r, c)];
      scales[c] = exponent == NONE ? 0 : (float) Steps.power(4 * exponent);
    }
  }

  @Override
  public void restore(int row, int count, float step, float[] quantised, float[] out) {
    for (int r = row; r < row + count; r++) {
      if (r == 0 || !perChannel) {
        scales(r);
      }
      int at = (r - row) * width;
      for (int c = 0; c < width; c++) {
        out[at + c] = quantised[at + c] * (scales[c] * step);
      }
    }
    massive.restore(row, count, out, width);
  }

  @Override
  public double error(int row, int count, float[] values, float[] restored) {
    double sum = 0;
    for (int r = 0; r < count; r++) {
      for (int c = 0; c < width; c++) {
        double meanSquare = meanSquares[scaleOf(row + r, c)];
        double error = (double) values[r * width + c] - restored[r * width + c];
        sum += meanSquare == 0 ? 0 : error * error / meanSquare;
      }
    }
    return sum;
  }
}

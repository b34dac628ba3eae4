package dev.cleave.codec.rate;

import dev.cleave.codec.payload.CorruptPayload;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import dev.cleave.codec.quantise.Steps;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Rows without a profile: divided by scales that the frame carries. With {@value #ROWS} rows or
 * more there is a scale per channel, with fewer one per row and group of {@value #GROUP} channels:
 * the root mean square in quarters of an octave. The head of a frame, a code per scale:
 *
 * <pre>
 *    0            all its values are zero
 *    1 .. 254     the scale is 2^((code - 127) / 4)
 *    255, e i16   the scale is 2^(e / 4), e beyond -126 .. 127
 * </pre>
 */
final class StatisticsRows implements Rows {
  static final int ROWS = 32;
  static final int GROUP = 32;

  private static final int ZERO = 0;
  private static final int EXTENDED = 255;
  private static final int BIAS = 127;

  /** 2^-126, the lowest normal float: what is smaller becomes multiples of a smaller step. */
  private static final int LOWEST = -4 * 126;

  /** 2^125.75: values and their errors stay finite. */
  private static final int HIGHEST = 4 * 126 - 1;

  /** 2^110: the values themselves stay below 2^126, and what is put out for them finite. */
  private static final int MOST_OF_SENDERS = 4 * 110;

  private static final int NONE = Integer.MIN_VALUE;
  private static final int REFUSED = Integer.MAX_VALUE;

  private final int width;
  private final float[] row;

  /** Per scale its exponent in quarters of an octave, or NONE. */
  private int[] exponents = new int[0];

  private double[] meanSquares = new double[0];
  private final float[] scales;
  private boolean perChannel;

  StatisticsRows(int width) {
    this.width = width;
    this.row = new float[width];
    this.scales = new float[width];
  }

  @Override
  public long minHeadBytes(int positions) {
    return scaleCount(positions);
  }

  private long scaleCount(int positions) {
    return positions >= ROWS ? width : (long) positions * groups();
  }

  private int groups() {
    return (width + GROUP - 1) / GROUP;
  }

  @Override
  public void analyse(FloatBuffer values, int at, int positions, float[] coordinates) {
    start(positions);
    int count = (int) scaleCount(positions);
    if (meanSquares.length < count) {
      meanSquares = new double[count];
    }
    Arrays.fill(meanSquares, 0, count, 0);
    for (int r = 0; r < positions; r++) {
      values.get(at + r * width, row, 0, width);
      int first = perChannel ? 0 : r * groups();
      for (int c = 0; c < width; c++) {
        double value = row[c];
        meanSquares[perChannel ? c : first + c / GROUP] += value * value;
      }
    }
    for (int i = 0; i < count; i++) {
      int members = perChannel ? positions : Math.min(GROUP, width - i % groups() * GROUP);
      meanSquares[i] /= members;
      exponents[i] = exponent(meanSquares[i]);
      if (exponents[i] == REFUSED) {
        throw refusal(values, at, positions);
      }
    }
    for (int r = 0; r < positions; r++) {
      int to = r * width;
      values.get(at + to, coordinates, to, width);
      if (r == 0 || !perChannel) {
        scales(r);
        for (int c = 0; c < width; c++) {
          scales[c] = scales[c] == 0 ? 0 : 1 / scales[c];
        }
      }
      for (int c = 0; c < width; c++) {
        coordinates[to + c] *= scales[c];
      }
    }
  }

  private IllegalArgumentException refusal(FloatBuffer values, int at, int positions) {
    for (int i = 0; i < positions * width; i++) {
      if (!(Math.abs(values.get(at + i)) < 0x1p108f)) {
        return new IllegalArgumentException(
            "RATE cannot code position %d, channel %d: not finite, or far too large; use RAW_F32"
                .formatted(i / width, i % width));
      }
    }
    return new IllegalArgumentException("RATE cannot code position 0: values are too large");
  }

  private static int exponent(double meanSquare) {
    if (meanSquare == 0) {
      return NONE;
    }
    int quarters = (Steps.logarithm(meanSquare) + 4) >> 3;
    // In quarters of the root: half of the square's sixteenths over four, rounded.
    if (quarters > MOST_OF_SENDERS) {
      return REFUSED;
    }
    return Math.max(quarters, LOWEST);
  }

  @Override
  public void write(SideWriter head, int positions) {
    int count = (int) scaleCount(positions);
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
  }

  @Override
  public void read(SideReader head, int positions) {
    start(positions);
    int count = (int) scaleCount(positions);
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
  }

  private void start(int positions) {
    perChannel = positions >= ROWS;
    int count = (int) scaleCount(positions);
    if (exponents.length < count) {
      exponents = new int[count];
    }
  }

  private void scales(int r) {
    int first = perChannel ? 0 : r * groups();
    for (int c = 0; c < width; c++) {
      int exponent = exponents[perChannel ? c : first + c / GROUP];
      scales[c] = exponent == NONE ? 0 : (float) Steps.power(4 * exponent);
    }
  }

  @Override
  public void restore(int r, float step, float[] quantised, float[] out) {
    if (r == 0 || !perChannel) {
      scales(r);
    }
    for (int c = 0; c < width; c++) {
      out[c] = quantised[c] * (scales[c] * step);
    }
  }

  @Override
  public double error(int r, float[] values, float[] restored) {
    int first = perChannel ? 0 : r * groups();
    double sum = 0;
    for (int c = 0; c < width; c++) {
      double meanSquare = meanSquares[perChannel ? c : first + c / GROUP];
      double error = (double) values[c] - restored[c];
      sum += meanSquare == 0 ? 0 : error * error / meanSquare;
    }
    return sum;
  }
}

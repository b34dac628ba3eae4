package dev.cleave.codec.rate;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Profile;
import java.nio.FloatBuffer;

/**
 * Rows as a profile describes them. The head of a frame:
 *
 * <pre>
 *    +---------------------------+   where the profile has token gains:
 *    | gain k, i8                |   one per row; the gain is 2^(k/8)
 *    +---------------------------+
 *    | {@link MassiveEntries}   |
 *    +---------------------------+
 * </pre>
 *
 * <p>A value further than {@value #MASSIVE} deviations and gains from its channel's mean is
 * massive: it travels as it is, and the mean stands in for it among the coordinates.
 */
final class ProfileRows implements Rows {
  static final int MASSIVE = 32;
  private static final int ROWS_AT_ONCE = 4;
  private static final float MANY_ROUNDINGS = 1e-6f;
  private static final double HALF_ULP = 0x1p-24;

  /** Smaller deviations times a step, and their squares, are no longer exact to that. */
  private static final float SMALL = 1e-30f;

  private final int width;
  private final Basis basis;
  private final boolean diagonal;
  private final boolean hasGains;
  private final float[] means;
  private final float[] forward;
  private final float[] inverse;
  private final float[] limits;
  private final float[] perDeviation;
  private final float[] row;
  private final float[] scaled;
  private float[] centred = new float[0];
  private final MassiveEntries massive = new MassiveEntries();
  private byte[] gains = new byte[0];
  private boolean massiveAllowed = true;

  /** No value is massive where no coordinate is larger. */
  private final float harmless;

  private final double meanRounding;
  private int rows;

  ProfileRows(Profile profile) {
    width = profile.width();
    basis = profile.basis();
    diagonal = basis.isDiagonal();
    hasGains = profile.tokenGain();
    means = profile.channels().means();
    forward = diagonal ? basis.forward() : new float[0];
    inverse = diagonal ? basis.inverse() : new float[0];
    limits = profile.channels().deviations();
    perDeviation = new float[width];
    row = new float[width];
    scaled = new float[diagonal ? width : 0];
    for (int c = 0; c < width; c++) {
      perDeviation[c] = 1 / limits[c];
      limits[c] *= MASSIVE;
    }
    float least = Float.POSITIVE_INFINITY;
    for (int c = 0; diagonal && c < width; c++) {
      least = Math.min(least, limits[c] * Math.abs(forward[c]));
    }
    harmless = least > MANY_ROUNDINGS ? least * (1 - MANY_ROUNDINGS) : -1;
    meanRounding = diagonal ? meanRounding(inverse) : Double.NaN;
  }

  /** In deviations, as a root mean square: what it costs to add the means in single precision. */
  private double meanRounding(float[] deviations) {
    double sum = 0;
    for (int c = 0; c < width; c++) {
      double one = (double) deviations[c] * perDeviation[c];
      double two = (double) deviations[c] * forward[c];
      if (!(Math.max(Math.abs(one - 1), Math.abs(two - 1)) <= 4 * HALF_ULP)
          || !(deviations[c] > SMALL && perDeviation[c] > SMALL)) {
        return Double.NaN;
      }
      double mean = (double) means[c] * perDeviation[c];
      sum += mean * mean;
    }
    return HALF_ULP * Math.sqrt(sum / width);
  }

  @Override
  public double rounding() {
    double sum = 0;
    for (int r = 0; hasGains && r < rows; r++) {
      sum += (double) gain(r) * gain(r);
    }
    // A couple of dozen roundings, of numbers no larger than what is not massive.
    return meanRounding + 24 * HALF_ULP * (MASSIVE + 1) * (hasGains ? Math.sqrt(sum / rows) : 1);
  }

  @Override
  public void allowMassive(boolean allowed) {
    massiveAllowed = allowed;
  }

  @Override
  public float gain(int r) {
    return hasGains ? Gains.gain(gains[r]) : 1;
  }

  /** The fewest bytes of {@link #write}. */
  static long minHeadBytes(Profile profile, int positions) {
    return 1L + (profile.tokenGain() ? positions : 0);
  }

  @Override
  public void analyse(FloatBuffer values, int at, int positions, float[] coordinates) {
    massive.clear();
    rows = positions;
    if (!diagonal && centred.length < positions * width) {
      centred = new float[positions * width];
    }
    if (hasGains && gains.length < positions) {
      gains = new byte[positions];
    }
    for (int r = 0; r < positions; r++) {
      values.get(at + r * width, row, 0, width);
      float gain = 1;
      if (hasGains) {
        gains[r] = (byte) Gains.of(row, means, perDeviation);
        gain = Gains.gain(gains[r]);
      }
      int to = r * width;
      if (diagonal) {
        scale(1 / gain);
        if (Kernels.maxMagnitude(scaled, 0, width) <= harmless) {
          System.arraycopy(scaled, 0, coordinates, to, width);
          continue;
        }
      }
      center(gain);
      if (!(beyond() <= 0) && (massiveAllowed || !finite())) {
        takeMassive(values, at, r);
      }
      if (diagonal) {
        for (int c = 0; c < width; c++) {
          coordinates[to + c] = row[c] * forward[c];
        }
      } else {
        System.arraycopy(row, 0, centred, to, width);
      }
    }
    if (!diagonal) {
      basis.toCoordinates(centred, positions, coordinates);
    }
  }

  /** With one index for all arrays, or the compiler makes no vector code. */
  private void scale(float perGain) {
    for (int c = 0; c < width; c++) {
      scaled[c] = (row[c] - means[c]) * perGain * forward[c];
    }
  }

  private void center(float gain) {
    float perGain = 1 / gain;
    for (int c = 0; c < width; c++) {
      row[c] = (row[c] - means[c]) * perGain;
    }
  }

  /** Above 0 or not a number when the row holds a massive entry. */
  private float beyond() {
    float most = -1;
    for (int c = 0; c < width; c++) {
      most = Math.max(most, Math.abs(row[c]) - limits[c]);
    }
    return most;
  }

  /** Whether the row may be coded at all: its coordinates would be no numbers otherwise. */
  private boolean finite() {
    return Kernels.maxMagnitude(row, 0, width) <= Float.MAX_VALUE;
  }

  private void takeMassive(FloatBuffer values, int at, int r) {
    for (int c = 0; c < width; c++) {
      if (Math.abs(row[c]) <= limits[c]) {
        continue;
      }
      float value = values.get(at + r * width + c);
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException(
            "RATE cannot code position %d, channel %d: not finite".formatted(r, c));
      }
      massive.add(r * width + c, value);
      row[c] = 0;
    }
  }

  @Override
  public void write(SideWriter head, int positions) {
    for (int r = 0; hasGains && r < positions; r++) {
      head.u8(gains[r]);
    }
    massive.write(head);
  }

  @Override
  public void read(SideReader head, int positions) {
    if (hasGains) {
      if (gains.length < positions) {
        gains = new byte[positions];
      }
      for (int r = 0; r < positions; r++) {
        gains[r] = (byte) head.u8();
      }
    }
    massive.read(head, (long) positions * width);
  }

  /** What is read of a matrix serves four rows; short frames have no memory for that. */
  @Override
  public int batch(int positions) {
    return diagonal || positions < 4 * ROWS_AT_ONCE ? 1 : ROWS_AT_ONCE;
  }

  @Override
  public void restore(int row, int count, float step, float[] quantised, float[] out) {
    if (!diagonal) {
      for (int i = 0; i < count * width; i++) {
        quantised[i] *= step;
      }
      basis.toChannels(quantised, count, out);
    }
    for (int r = 0; r < count; r++) {
      float gain = gain(row + r);
      int at = r * width;
      if (diagonal && at == 0) {
        restoreFirst(quantised, step, gain, out);
      } else if (diagonal) {
        for (int c = 0; c < width; c++) {
          out[at + c] = means[c] + (quantised[at + c] * (inverse[c] * step)) * gain;
        }
      } else {
        for (int c = 0; c < width; c++) {
          out[at + c] = means[c] + out[at + c] * gain;
        }
      }
    }
    massive.restore(row, count, out, width);
  }

  private void restoreFirst(float[] quantised, float step, float gain, float[] out) {
    for (int c = 0; c < width; c++) {
      out[c] = means[c] + (quantised[c] * (inverse[c] * step)) * gain;
    }
  }

  @Override
  public double error(int first, int count, float[] values, float[] restored) {
    double sum = 0;
    for (int at = 0; at < count * width; at += width) {
      for (int c = 0; c < width; c++) {
        row[c] = (values[at + c] - restored[at + c]) * perDeviation[c];
      }
      sum += Kernels.sumOfSquares(row, 0, width);
    }
    return sum;
  }
}

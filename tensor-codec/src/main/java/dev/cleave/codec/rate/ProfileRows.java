package dev.cleave.codec.rate;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Profile;
import java.nio.FloatBuffer;
import java.util.Arrays;

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

  private final int width;
  private final boolean diagonal;
  private final boolean hasGains;
  private final float[] means;
  private final float[] forward;
  private final float[] inverse;
  private final float[] limits;
  private final float[] perDeviation;
  private final float[] row;
  private final MassiveEntries massive = new MassiveEntries();
  private byte[] gains = new byte[0];

  ProfileRows(Profile profile) {
    width = profile.width();
    Basis basis = profile.basis();
    diagonal = basis.isDiagonal();
    hasGains = profile.tokenGain();
    means = profile.channels().means();
    forward = basis.forward();
    inverse = basis.inverse();
    limits = profile.channels().deviations();
    perDeviation = new float[width];
    row = new float[width];
    for (int c = 0; c < width; c++) {
      perDeviation[c] = 1 / limits[c];
      limits[c] *= MASSIVE;
    }
  }

  /** The fewest bytes of {@link #write}. */
  static long minHeadBytes(Profile profile, int positions) {
    return 1L + (profile.tokenGain() ? positions : 0);
  }

  @Override
  public void analyse(FloatBuffer values, int at, int positions, float[] coordinates) {
    massive.clear();
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
      center(gain);
      if (!(beyond() <= 0)) {
        takeMassive(values, at, r);
      }
      if (diagonal) {
        int to = r * width;
        for (int c = 0; c < width; c++) {
          coordinates[to + c] = row[c] * forward[c];
        }
      } else {
        transform(row, forward, coordinates, r * width);
      }
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

  @Override
  public void restore(int r, float step, float[] quantised, float[] out) {
    float gain = hasGains ? Gains.gain(gains[r]) : 1;
    if (diagonal) {
      for (int c = 0; c < width; c++) {
        out[c] = means[c] + (quantised[c] * (inverse[c] * step)) * gain;
      }
    } else {
      for (int c = 0; c < width; c++) {
        quantised[c] *= step;
      }
      transform(quantised, inverse, out, 0);
      for (int c = 0; c < width; c++) {
        out[c] = means[c] + out[c] * gain;
      }
    }
    massive.restore(r, out, width);
  }

  @Override
  public double error(int r, float[] values, float[] restored) {
    for (int c = 0; c < width; c++) {
      row[c] = (values[c] - restored[c]) * perDeviation[c];
    }
    return Kernels.sumOfSquares(row, 0, width);
  }

  /** Adds the rows of a matrix up, each times its coordinate; zeros add nothing. */
  private void transform(float[] factors, float[] matrix, float[] out, int to) {
    Arrays.fill(out, to, to + width, 0);
    for (int i = 0; i < width; i++) {
      float factor = factors[i];
      if (factor == 0) {
        continue;
      }
      int from = i * width;
      for (int c = 0; c < width; c++) {
        out[to + c] += factor * matrix[from + c];
      }
    }
  }
}

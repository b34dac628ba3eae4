package dev.cleave.codec.fit;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Channels;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.statistics.RobustScales;

/** Rows in the coordinates that RATE would quantise: centred, without massive entries. */
final class Coordinates {
  private static final double LN2 = StrictMath.log(2);

  private Coordinates() {}

  /**
   * The coordinates of rows by a profile.
   *
   * @param rows f32 [count, width], left as they are
   * @return f32 [count, width]
   */
  static float[] of(float[] rows, int count, Profile profile) {
    return of(rows, count, profile.channels(), profile.basis(), profile.tokenGain());
  }

  /** The same before the profile is complete. */
  static float[] of(float[] rows, int count, Channels channels, Basis basis, boolean gain) {
    int width = channels.width();
    float[] centered = new float[Math.multiplyExact(count, width)];
    for (int r = 0; r < count; r++) {
      int at = r * width;
      for (int c = 0; c < width; c++) {
        centered[at + c] = rows[at + c] - channels.mean(c);
      }
      if (gain) {
        divide(centered, at, channels);
      }
      dropMassive(centered, at, channels);
    }
    return transform(centered, count, basis);
  }

  private static void divide(float[] centered, int at, Channels channels) {
    int width = channels.width();
    double energy = 0;
    for (int c = 0; c < width; c++) {
      if (!isMassive(centered[at + c], channels.deviation(c))) {
        double z = centered[at + c] / channels.deviation(c);
        energy += z * z;
      }
    }
    float inverse = (float) (1 / gainOf(energy / width));
    for (int c = 0; c < width; c++) {
      centered[at + c] *= inverse;
    }
  }

  private static void dropMassive(float[] centered, int at, Channels channels) {
    for (int c = 0; c < channels.width(); c++) {
      if (isMassive(centered[at + c], channels.deviation(c))) {
        centered[at + c] = 0;
      }
    }
  }

  /** Written so that infinity is. */
  private static boolean isMassive(float u, float deviation) {
    return !(Math.abs(u) <= RobustScales.MASSIVE * deviation);
  }

  /** The gain in eighths of an octave for a mean square of the normalised entries. */
  static double gainOf(double energy) {
    double eighths = StrictMath.rint(4 * StrictMath.log(Math.max(energy, 1e-12)) / LN2);
    return StrictMath.exp(eighths / 8 * LN2);
  }

  /** Centred rows times the forward matrix. */
  static float[] transform(float[] centered, int count, Basis basis) {
    int width = basis.width();
    float[] forward = basis.forward();
    float[] out = new float[count * width];
    if (basis.isDiagonal()) {
      for (int i = 0; i < out.length; i++) {
        out[i] = centered[i] * forward[i % width];
      }
    } else {
      Kernels.multiply(centered, count, forward, width, out);
    }
    return out;
  }
}

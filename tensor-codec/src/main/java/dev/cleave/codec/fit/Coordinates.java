package dev.cleave.codec.fit;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Channels;

/** Rows in the coordinates that RATE would quantise: centred, without massive entries. */
final class Coordinates {
  private static final double LN2 = StrictMath.log(2);

  private Coordinates() {}

  /**
   * The coordinates of rows.
   *
   * @param rows f32 [count, width], left as they are
   * @param gain whether each row is divided by its own
   * @return f32 [count, width]
   */
  static float[] of(float[] rows, int count, Channels channels, Basis basis, boolean gain) {
    int width = channels.width();
    float[] centered = new float[Math.multiplyExact(count, width)];
    for (int r = 0; r < count; r++) {
      center(rows, r * width, channels, gain, centered);
    }
    return transform(centered, count, basis);
  }

  private static void center(float[] rows, int at, Channels channels, boolean gain, float[] out) {
    int width = channels.width();
    double energy = 0;
    for (int c = 0; c < width; c++) {
      float u = rows[at + c] - channels.mean(c);
      // Written so that infinity goes as well.
      boolean massive = !(Math.abs(u) <= RobustScales.MASSIVE * channels.deviation(c));
      out[at + c] = massive ? 0 : u;
      double z = out[at + c] / channels.deviation(c);
      energy += z * z;
    }
    if (gain) {
      float inverse = (float) (1 / gainOf(energy / width));
      for (int c = 0; c < width; c++) {
        out[at + c] *= inverse;
      }
    }
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

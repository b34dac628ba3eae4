package dev.cleave.codec.payload;

import dev.cleave.codec.kernel.Affine;
import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Profile;
import org.jspecify.annotations.Nullable;

/**
 * Spreads every channel of a row over all coordinates, so that one scale fits them all, and back.
 * Immutable and thread-safe.
 *
 * <p>A row x becomes {@code u = (x - mean) / deviation} with the profile's numbers, or x itself
 * without one. With P the largest power of two that is not above the width: the signs of u are
 * flipped at random, its first P values are {@link Kernels#rotate rotated}, and when the width is
 * no power of two, other signs are flipped and the last P are rotated. The coordinates are {@code y
 * = sqrt(P) Q u} with Q orthogonal.
 *
 * <p>Signs come from SplitMix64 (Steele, Lea and Flood 2014), seeded with the profile's {@link
 * Profile#signSeed} or {@value #NO_PROFILE_SEED}: the top bit of one output for each channel says
 * minus, first for all of the first signs, then for all of the second.
 */
final class Rotation {
  private static final long NO_PROFILE_SEED = 0x6A09E667F3BCC908L;
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private final int width;
  private final int rotated;
  private final Affine normalise;
  private final Affine between;
  private final Affine restore;
  private final float largestMean;
  private final float largestDeviation;

  Rotation(int width, @Nullable Profile profile) {
    this.width = width;
    this.rotated = Integer.highestOneBit(width);
    long seed = profile == null ? NO_PROFILE_SEED : profile.signSeed();
    float[] mean = profile == null ? new float[width] : profile.channels().means();
    float[] forward = new float[width];
    float[] second = new float[width];
    float[] back = new float[width];
    float widest = 1;
    // Exact or rounded once; both sides use the same.
    float unscaled = (float) (1 / Math.sqrt(rotated));
    for (int c = 0; c < width; c++) {
      float deviation = profile == null ? 1 : profile.channels().deviation(c);
      widest = Math.max(widest, deviation);
      boolean minus = splitMix(seed, c) < 0;
      back[c] = minus ? -deviation : deviation;
      forward[c] = Math.clamp(1 / back[c], -Float.MAX_VALUE, Float.MAX_VALUE);
      // What was rotated once is sqrt(P) too large where it is rotated again.
      boolean twice = c >= width - rotated && c < rotated;
      second[c] = (splitMix(seed, width + c) < 0 ? -1 : 1) * (twice ? unscaled : 1);
    }
    this.normalise = Affine.of(mean, forward);
    this.between = Affine.ofFactors(second);
    this.restore = Affine.of(mean, back);
    this.largestMean = Kernels.maxMagnitude(mean, 0, width);
    this.largestDeviation = widest;
  }

  /** The output of SplitMix64 that follows {@code index} others. */
  private static long splitMix(long seed, int index) {
    long z = seed + (index + 1) * GOLDEN_GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** P: the coordinates are its square root as large as the values. */
  int rotated() {
    return rotated;
  }

  /** Turns x into u with its first signs, in place. */
  void normalise(float[] row) {
    Kernels.center(row, 0, normalise, 1, row);
  }

  /** Turns u with its first signs into y, in place. */
  void rotate(float[] u) {
    Kernels.rotate(u, 0, rotated);
    if (rotated < width) {
      Kernels.center(u, 0, between, 1, u);
      Kernels.rotate(u, width - rotated, rotated);
    }
  }

  /** Turns y into P times u with its first signs, in place. */
  void rotateBack(float[] y) {
    if (rotated < width) {
      Kernels.rotate(y, width - rotated, rotated);
      Kernels.center(y, 0, between, 1, y);
    }
    Kernels.rotate(y, 0, rotated);
  }

  /** Turns {@code u * gain}, with its first signs, into x, in place. */
  void restore(float[] u, float gain) {
    Kernels.restore(u, restore, gain, u, 0);
  }

  /**
   * The largest scale with which no coordinates of magnitude up to {@code most} give anything but
   * finite values: {@code |u| <= sqrt(width * P) * most} by the norm of Q, and half is left for
   * rounding.
   */
  float largestScale(float most) {
    double room = ((double) Float.MAX_VALUE - largestMean) / 2;
    return (float) (room / (most * width) / largestDeviation);
  }
}

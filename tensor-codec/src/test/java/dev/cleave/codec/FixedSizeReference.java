package dev.cleave.codec;

import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * INT8 and INT4 from their definitions, in double and without fast transforms: an oracle for the
 * decoder that shares nothing with it.
 */
final class FixedSizeReference {
  private static final double[] LEVELS = {
    -700, -530, -414, -322, -241, -168, -99, -33, 33, 99, 168, 241, 322, 414, 530, 700
  };

  private final int width;
  private final int rotated;
  private final @Nullable Profile profile;
  private final int[] first;
  private final int[] second;

  FixedSizeReference(int width, @Nullable Profile profile) {
    this.width = width;
    this.rotated = Integer.highestOneBit(width);
    this.profile = profile;
    SplittableRandom random =
        new SplittableRandom(profile == null ? 0x6A09E667F3BCC908L : profile.signSeed());
    this.first = signs(random);
    this.second = signs(random);
  }

  private int[] signs(SplittableRandom random) {
    int[] signs = new int[width];
    for (int c = 0; c < width; c++) {
      signs[c] = random.nextLong() < 0 ? -1 : 1;
    }
    return signs;
  }

  /** The values of a payload that is known to be right, f32 [positions, width]. */
  double[] decode(CodecMode mode, ByteBuffer payload, int positions) {
    double[] values = new double[positions * width];
    for (int position = 0; position < positions; position++) {
      float signed = payload.getFloat();
      byte[] codes = new byte[mode == CodecMode.INT8 ? width : (width + 1) / 2];
      int start = payload.position();
      payload.get(codes);
      int massive =
          mode == CodecMode.INT4 && Float.floatToRawIntBits(signed) < 0
              ? codes[codes.length - 1]
              : 0;
      int coded = massive == 0 ? width : 2 * (codes.length - 1 - 8 * massive);
      double[] y = new double[width];
      for (int i = 0; i < coded; i++) {
        y[i] =
            mode == CodecMode.INT8 ? codes[i] : LEVELS[codes[i / 2] >> (i % 2 == 0 ? 0 : 4) & 15];
      }
      double[] u = unrotated(y);
      for (int c = 0; c < width; c++) {
        values[position * width + c] = value(c, u[c] * Math.abs((double) signed));
      }
      for (int i = 0; i < massive; i++) {
        int entry = start + codes.length - 1 - 8 * (i + 1);
        values[position * width + payload.getInt(entry)] = payload.getFloat(entry + 4);
      }
    }
    return values;
  }

  private double value(int channel, double u) {
    return profile == null
        ? u
        : profile.channels().mean(channel) + u * profile.channels().deviation(channel);
  }

  /** P times the transposed orthogonal matrix, over the square root of P. */
  private double[] unrotated(double[] y) {
    double[] u = y.clone();
    if (rotated < width) {
      rotate(u, width - rotated);
      for (int c = 0; c < width; c++) {
        boolean twice = c >= width - rotated && c < rotated;
        u[c] *= second[c] / (twice ? Math.sqrt(rotated) : 1);
      }
    }
    rotate(u, 0);
    for (int c = 0; c < width; c++) {
      u[c] *= first[c];
    }
    return u;
  }

  private void rotate(double[] values, int at) {
    double[] rotatedValues = new double[rotated];
    for (int i = 0; i < rotated; i++) {
      for (int j = 0; j < rotated; j++) {
        rotatedValues[i] += sign(rotated, i, j) * values[at + j];
      }
    }
    System.arraycopy(rotatedValues, 0, values, at, rotated);
  }

  /** An entry of the rotation's matrix. */
  static int sign(int n, int i, int j) {
    if (n < 256) {
      return parity(i & j);
    }
    int rows = (i >> 4 ^ j >> 4) & 15;
    int columns = (i ^ j) & 15;
    return parity(i >> 8 & j >> 8) * parity(rows & columns);
  }

  private static int parity(int bits) {
    return Integer.bitCount(bits) % 2 == 0 ? 1 : -1;
  }
}

package dev.cleave.codec;

import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ReverseWaterFilling;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Measures a stream for its {@link Certificate}, frame by frame, in constant memory and without
 * allocation. One thread at a time.
 *
 * <p>With a profile each error is divided by its channel's deviation there. Without, running sums
 * of each channel's values and errors are kept, and {@link #certificate} divides a channel's mean
 * squared error by the variance it has had so far: from two positions on, and with little meaning
 * before some dozens. A channel whose variance is below 1e-12 of the mean one counts as constant:
 * its errors are divided by that, and the bound has it as variance 0.
 *
 * <p>Costs a few operations per element; with a Fisher-weighted basis width^2 per position.
 */
public final class CertificateMeter {
  private static final double CONSTANT = 1e-12;

  private final int width;
  private final @Nullable Normalised normalised;
  private final @Nullable Running running;
  private long positions;
  private long bytes;

  private CertificateMeter(int width, @Nullable Normalised normalised, @Nullable Running running) {
    this.width = width;
    this.normalised = normalised;
    this.running = running;
  }

  /** For a stream without a profile. */
  public static CertificateMeter of(int width) {
    if (width < 1 || width > StreamSpec.MAX_WIDTH) {
      throw new IllegalArgumentException("width of a stream was " + width);
    }
    return new CertificateMeter(width, null, new Running(width));
  }

  /** For a stream with this profile, whether its mode uses all of it or not. */
  public static CertificateMeter of(Profile profile) {
    return new CertificateMeter(profile.width(), new Normalised(profile), null);
  }

  /**
   * Takes one frame. Both buffers are borrowed until return and stay where they are.
   *
   * @param source f32 [positions, width] from its position, as given to the encoder
   * @param decoded the same as the decoder gives it back
   * @param frameBytes length of the frame with its header
   */
  public void add(FloatBuffer source, FloatBuffer decoded, int positions, int frameBytes) {
    long elements = (long) positions * width;
    if (positions < 0
        || frameBytes < 0
        || source.remaining() < elements
        || decoded.remaining() < elements) {
      throw new IllegalArgumentException(
          "%d positions of width %d are not in %d and %d values, or %d bytes"
              .formatted(positions, width, source.remaining(), decoded.remaining(), frameBytes));
    }
    int from = source.position();
    int to = decoded.position();
    for (int r = 0; r < positions; r++, from += width, to += width) {
      this.positions++;
      if (normalised != null) {
        normalised.add(source, from, decoded, to);
      } else if (running != null) {
        running.add(source, from, decoded, to, this.positions);
      }
    }
    bytes += frameBytes;
  }

  /** What was measured so far. */
  public Certificate certificate() {
    double elements = (double) positions * width;
    double bits = positions == 0 ? 0 : bytes * 8 / elements;
    if (normalised != null) {
      double distortion = normalised.sum / elements;
      boolean weighted = normalised.weighting != null;
      double weightedDistortion = normalised.weightedSum / elements;
      return new Certificate(
          positions,
          bits,
          decibels(distortion),
          weighted ? decibels(weightedDistortion) : null,
          bound(normalised.bound, weighted ? weightedDistortion : distortion));
    }
    return running == null ? new Certificate(0, 0, null, null, null) : running.of(positions, bits);
  }

  private static @Nullable Double decibels(double distortion) {
    return isMeasured(distortion) ? (Double) (10 * Math.log10(distortion)) : null;
  }

  private static @Nullable Double bound(ReverseWaterFilling function, double distortion) {
    return isMeasured(distortion) ? (Double) function.bits(distortion) : null;
  }

  /** Whether it is above 0 and neither infinite nor NaN. */
  private static boolean isMeasured(double distortion) {
    return distortion > 0 && distortion <= Double.MAX_VALUE;
  }

  /** The error of an element; none where both are the same, be they finite or not. */
  private static double error(float value, float decoded) {
    return Float.floatToRawIntBits(value) == Float.floatToRawIntBits(decoded)
        ? 0
        : (double) value - decoded;
  }

  /** Sums that a profile normalises. */
  private static final class Normalised {
    private final double[] weights;
    private final ReverseWaterFilling bound;
    private final @Nullable Basis weighting;
    private final float[] errors;
    private final float[] coordinates;
    private double sum;
    private double weightedSum;

    Normalised(Profile profile) {
      Basis basis = profile.basis();
      int width = profile.width();
      boolean weighted = basis.kind() == BasisKind.FISHER;
      this.weights = profile.channels().inverseVariances();
      this.weighting = weighted ? basis : null;
      this.errors = new float[weighted ? width : 0];
      this.coordinates = new float[weighted ? width : 0];
      float[] sigma = basis.sigma();
      float[] inverse = basis.isDiagonal() ? basis.inverse() : new float[0];
      double[] variances = new double[width];
      for (int i = 0; i < width; i++) {
        // Of a diagonal basis: those of the channels divided by their deviations.
        double deviation =
            basis.isDiagonal()
                ? (double) sigma[i] * inverse[i] / profile.channels().deviation(i)
                : sigma[i];
        variances[i] = deviation * deviation;
      }
      this.bound = ReverseWaterFilling.of(variances);
    }

    void add(FloatBuffer source, int from, FloatBuffer decoded, int to) {
      for (int c = 0; c < weights.length; c++) {
        double error = error(source.get(from + c), decoded.get(to + c));
        sum += error * error * weights[c];
        if (weighting != null) {
          errors[c] = (float) error;
        }
      }
      if (weighting != null) {
        weighting.toCoordinates(errors, 1, coordinates);
        weightedSum += Kernels.sumOfSquares(coordinates, 0, coordinates.length);
      }
    }
  }

  /** Sums by channel, of which the stream's own variances come. */
  private static final class Running {
    private final double[] means;
    private final double[] spreads;
    private final double[] errors;

    Running(int width) {
      this.means = new double[width];
      this.spreads = new double[width];
      this.errors = new double[width];
    }

    void add(FloatBuffer source, int from, FloatBuffer decoded, int to, long count) {
      for (int c = 0; c < means.length; c++) {
        float value = source.get(from + c);
        double error = error(value, decoded.get(to + c));
        errors[c] += error * error;
        double before = value - means[c];
        means[c] += before / count;
        spreads[c] += before * (value - means[c]);
      }
    }

    Certificate of(long positions, double bits) {
      int width = means.length;
      double mean = 0;
      for (double spread : spreads) {
        mean += spread / width;
      }
      double least = CONSTANT * mean;
      // Also where a value was not finite.
      if (!(least > 0) || !(mean <= Double.MAX_VALUE)) {
        return new Certificate(positions, bits, null, null, null);
      }
      double[] variances = new double[width];
      double distortion = 0;
      for (int c = 0; c < width; c++) {
        variances[c] = spreads[c] > least ? 1 : 0;
        distortion += errors[c] / Math.max(spreads[c], least) / width;
      }
      return new Certificate(
          positions,
          bits,
          decibels(distortion),
          null,
          CertificateMeter.bound(ReverseWaterFilling.of(variances), distortion));
    }
  }
}

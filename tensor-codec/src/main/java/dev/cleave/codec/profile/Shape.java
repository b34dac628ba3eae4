package dev.cleave.codec.profile;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;

/**
 * How a coordinate's values are distributed once they are divided by its standard deviation: a
 * histogram of {@value #BINS} bins of 1/{@value #BINS_PER_UNIT} over [-16, 16), uniform within a
 * bin. All arithmetic is of integers and of doubles in a fixed order, so that tables made from it
 * are the same on every JVM. Immutable.
 */
public final class Shape {
  /** Bins per standard deviation. */
  public static final int BINS_PER_UNIT = 32;

  /** Bins in all; zero lies between the two in the middle. */
  public static final int BINS = 1024;

  /** What the masses of all bins add up to. */
  public static final int TOTAL_MASS = 1 << 24;

  private static final Shape NORMAL = normalMasses();

  private final int[] masses;
  private final double[] cumulative = new double[BINS + 1];
  private final double[] moment = new double[BINS + 1];
  private final ConcurrentMap<Class<?>, Object> derived = new ConcurrentHashMap<>();

  private Shape(int[] masses) {
    this.masses = masses;
    for (int i = 0; i < BINS; i++) {
      double mass = masses[i] / (double) TOTAL_MASS;
      cumulative[i + 1] = cumulative[i] + mass;
      moment[i + 1] = moment[i] + mass * (edge(i) + 0.5 / BINS_PER_UNIT);
    }
  }

  /**
   * The shape of this histogram.
   *
   * @param masses of each bin, not negative, {@link #TOTAL_MASS} in all; copied
   */
  public static Shape of(int[] masses) {
    long sum = 0;
    for (int mass : masses) {
      if (mass < 0) {
        throw new IllegalArgumentException("a bin's mass must not be negative, was " + mass);
      }
      sum += mass;
    }
    if (masses.length != BINS || sum != TOTAL_MASS) {
      throw new IllegalArgumentException(
          "a shape has %d bins of mass %d in all, not %d of %d"
              .formatted(BINS, TOTAL_MASS, masses.length, sum));
    }
    return new Shape(masses.clone());
  }

  /** The normal distribution, used where nothing was measured. */
  public static Shape normal() {
    return NORMAL;
  }

  /** A copy of the masses. */
  public int[] masses() {
    return masses.clone();
  }

  /** The probability of a value below {@code z}. */
  public double cumulative(double z) {
    return interpolate(cumulative, z);
  }

  /** The integral of t dP(t) up to {@code z}. */
  public double moment(double z) {
    double place = (z + (double) BINS / 2 / BINS_PER_UNIT) * BINS_PER_UNIT;
    if (place <= 0) {
      return 0;
    }
    if (place >= BINS) {
      return moment[BINS];
    }
    int bin = (int) place;
    double part = place - bin;
    double mass = masses[bin] / (double) TOTAL_MASS;
    // Uniform within the bin: the mean of the part below z is half way between its ends.
    return moment[bin] + mass * part * (edge(bin) + part * 0.5 / BINS_PER_UNIT);
  }

  /**
   * What was derived from this shape once for all that share it, such as coding tables; it lives as
   * long as the shape.
   *
   * @param type names it; must be safe for many threads
   * @param derivation makes it when it is asked for first
   */
  public <T> T derived(Class<T> type, Function<Shape, T> derivation) {
    return type.cast(derived.computeIfAbsent(type, _ -> derivation.apply(this)));
  }

  private static double interpolate(double[] sums, double z) {
    double place = (z + (double) BINS / 2 / BINS_PER_UNIT) * BINS_PER_UNIT;
    if (place <= 0) {
      return 0;
    }
    if (place >= BINS) {
      return sums[BINS];
    }
    int bin = (int) place;
    return sums[bin] + (place - bin) * (sums[bin + 1] - sums[bin]);
  }

  private static double edge(int bin) {
    return (bin - BINS / 2) / (double) BINS_PER_UNIT;
  }

  private static Shape normalMasses() {
    double[] density = new double[BINS];
    double sum = 0;
    for (int i = 0; i < BINS; i++) {
      double z = edge(i) + 0.5 / BINS_PER_UNIT;
      // StrictMath: the same bits everywhere. The second term keeps some mass in the tails.
      density[i] = StrictMath.exp(-0.5 * z * z) + 1e-4 * StrictMath.exp(-Math.abs(z));
      sum += density[i];
    }
    int[] masses = new int[BINS];
    int left = TOTAL_MASS;
    for (int i = 0; i < BINS; i++) {
      masses[i] = (int) (density[i] / sum * TOTAL_MASS);
      left -= masses[i];
    }
    masses[BINS / 2] += left / 2;
    masses[BINS / 2 - 1] += left - left / 2;
    return new Shape(masses);
  }
}

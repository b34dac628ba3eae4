package dev.cleave.codec.statistics;

import java.util.Arrays;

/**
 * Where each channel lies and how wide it is, from the middle 90 % of its values in the first rows
 * (98 % where these are all equal): massive entries and massive first tokens do not show in it.
 * Later statistics are taken of values that were centred, scaled and clipped by it. Immutable.
 */
public final class RobustScales {
  /** Beyond this many deviations RATE sends an entry exactly and by itself. */
  public static final double MASSIVE = 32;

  /** Beyond this many trimmed deviations a value counts as that many. */
  private static final double CLIP = 8;

  /** A channel that never changed gets this part of the median deviation. */
  public static final double FLOOR = 1e-6;

  /** Rows with massive entries are left out of the statistics while they are at most this part. */
  private static final double MOST_LEFT_OUT = 0.05;

  private final double[] centers;
  private final double[] scales;
  private final boolean[] constant;
  private final boolean leavesOut;
  private final double gainSaving;

  private RobustScales(float[] rows, int count, int width) {
    this.centers = new double[width];
    this.scales = new double[width];
    this.constant = new boolean[width];
    float[] values = new float[count];
    for (int c = 0; c < width; c++) {
      for (int r = 0; r < count; r++) {
        values[r] = rows[r * width + c];
      }
      trim(values, c);
    }
    double floor = floorOf(scales);
    for (int c = 0; c < width; c++) {
      constant[c] = scales[c] < floor;
      scales[c] = Math.max(scales[c], floor);
    }
    int massive = 0;
    double logs = 0;
    double inverses = 0;
    for (int r = 0; r < count; r++) {
      if (isMassive(rows, r * width)) {
        massive++;
      } else {
        double energy = Math.max(energy(rows, r * width), 1e-6);
        logs += StrictMath.log(energy);
        inverses += 1 / energy;
      }
    }
    this.leavesOut = massive <= MOST_LEFT_OUT * count;
    int plain = count - massive;
    this.gainSaving =
        plain == 0
            ? 0
            : 0.5 / StrictMath.log(2) * (StrictMath.log(inverses / plain) + logs / plain)
                - 8.0 / width;
  }

  /** The estimates from {@code count} rows, at least one, f32 [count, width]. */
  public static RobustScales of(float[] rows, int count, int width) {
    return new RobustScales(rows, count, width);
  }

  /** The least deviation of a channel beside these; all that are 0 are left out of the median. */
  public static double floorOf(double[] deviations) {
    double[] sorted = Arrays.stream(deviations).filter(it -> it > 0).sorted().toArray();
    double median = sorted.length == 0 ? 1 : sorted[sorted.length / 2];
    // Not below what has an inverse as f32.
    return Math.max(FLOOR * median, Float.MIN_NORMAL);
  }

  private void trim(float[] values, int c) {
    Arrays.sort(values);
    int cut = values.length / 20;
    if (values[cut] == values[values.length - 1 - cut]) {
      // Perhaps a channel that is active now and then.
      cut = values.length / 100;
    }
    int last = values.length - 1 - cut;
    int kept = last - cut + 1;
    double middle = values[values.length / 2];
    double sum = 0;
    double squares = 0;
    for (int i = cut; i <= last; i++) {
      // Relative to a value amongst them, so that equal values give exactly 0.
      double value = values[i] - middle;
      sum += value;
      squares += value * value;
    }
    double mean = sum / kept;
    centers[c] = middle + mean;
    scales[c] = Math.sqrt(Math.max(0, squares / kept - mean * mean));
  }

  /** The trimmed mean of a channel. */
  public double center(int c) {
    return centers[c];
  }

  /** The trimmed deviation of a channel, above 0. */
  public double scale(int c) {
    return scales[c];
  }

  /**
   * Bits per element that a gain per row saves at equal distortion relative to the rows: with e the
   * mean square of a row's normalised entries, 1/2 log2 of the arithmetic over the geometric mean
   * of 1/e, less 8 bits a row.
   */
  public double gainSaving() {
    return gainSaving;
  }

  /** Whether the statistics do without this row. */
  public boolean leavesOut(float[] row, int at) {
    return leavesOut && isMassive(row, at);
  }

  private boolean isMassive(float[] row, int at) {
    for (int c = 0; c < centers.length; c++) {
      if (!constant[c] && Math.abs(row[at + c] - centers[c]) > MASSIVE * scales[c]) {
        return true;
      }
    }
    return false;
  }

  /** Centres, scales and clips a row. */
  public void normalise(float[] row, int at, double[] out) {
    for (int c = 0; c < centers.length; c++) {
      out[c] = Math.clamp((row[at + c] - centers[c]) / scales[c], -CLIP, CLIP);
    }
  }

  private double energy(float[] row, int at) {
    double sum = 0;
    for (int c = 0; c < centers.length; c++) {
      double z = Math.clamp((row[at + c] - centers[c]) / scales[c], -CLIP, CLIP);
      sum += z * z;
    }
    return sum / centers.length;
  }
}

package dev.cleave.codec.fit;

import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The shapes of coordinates: groups whose histograms are told apart by code length, as k-means does
 * by distance. There are more groups only where held-out rows become shorter by it.
 */
final class ShapeFit {
  /** Bits per element that doubling the shapes must save on held-out rows. */
  private static final double LEAST_GAIN = 0.003;

  /** Values that the normal distribution counts for in every shape. */
  private static final double PSEUDO_COUNTS = 2048;

  private static final int LEAST_HELD_OUT = 64;
  private static final int MOST_ROUNDS = 8;
  private static final double LN2 = StrictMath.log(2);

  private final int[][] counts;
  private final List<Shape> shapes = new ArrayList<>();
  private byte[] shapeOf;
  private double[][] bits = new double[0][];

  private ShapeFit(int[][] counts) {
    this.counts = counts;
    this.shapeOf = new byte[counts.length];
  }

  /**
   * The shapes of coordinates.
   *
   * @param rows f32 [n, width] that the shapes are made from
   * @param heldOut f32 [m, width] that decide how many there are
   * @param sigma deviation of each coordinate
   */
  static ShapeFit of(float[] rows, float[] heldOut, float[] sigma) {
    int width = sigma.length;
    boolean one = width > Profile.MAX_FULL_WIDTH || heldOut.length < (long) LEAST_HELD_OUT * width;
    if (one) {
      ShapeFit pooled = new ShapeFit(new int[][] {pooled(rows, sigma)});
      pooled.refit(1);
      pooled.shapeOf = new byte[width];
      return pooled;
    }
    int[][] counts = histograms(rows, sigma);
    int[][] judges = histograms(heldOut, sigma);
    Integer[] order = byMeanMagnitude(counts);
    ShapeFit best = clustered(counts, order, 1);
    double least = best.heldOutBits(judges);
    for (int k = 2; k <= Math.min(Profile.MAX_SHAPES, width); k *= 2) {
      ShapeFit more = clustered(counts, order, k);
      double now = more.heldOutBits(judges);
      if (now > least - LEAST_GAIN) {
        break;
      }
      best = more;
      least = now;
    }
    best.dropUnused();
    return best;
  }

  /** 1 to {@link Profile#MAX_SHAPES}. */
  List<Shape> shapes() {
    return shapes;
  }

  /** Index of each coordinate's; not copied. */
  byte[] shapeOf() {
    return shapeOf;
  }

  private static ShapeFit clustered(int[][] counts, Integer[] order, int k) {
    ShapeFit fit = new ShapeFit(counts);
    for (int rank = 0; rank < order.length; rank++) {
      fit.shapeOf[order[rank]] = (byte) (rank * (long) k / order.length);
    }
    fit.refit(k);
    for (int round = 0; round < MOST_ROUNDS && fit.reassign(); round++) {
      fit.refit(k);
    }
    return fit;
  }

  private void refit(int k) {
    long[][] sums = new long[k][Shape.BINS];
    for (int i = 0; i < counts.length; i++) {
      long[] sum = sums[shapeOf[i]];
      for (int b = 0; b < Shape.BINS; b++) {
        sum[b] += counts[i][b];
      }
    }
    shapes.clear();
    bits = new double[k][];
    for (int s = 0; s < k; s++) {
      int[] masses = masses(sums[s]);
      shapes.add(Shape.of(masses));
      bits[s] = new double[Shape.BINS];
      for (int b = 0; b < Shape.BINS; b++) {
        bits[s][b] = -StrictMath.log(masses[b] / (double) Shape.TOTAL_MASS) / LN2;
      }
    }
  }

  /** Mixed with the normal distribution, and no bin without mass. */
  private static int[] masses(long[] counts) {
    int[] normal = Shape.normal().masses();
    double total = Arrays.stream(counts).sum() + PSEUDO_COUNTS;
    int[] masses = new int[Shape.BINS];
    int left = Shape.TOTAL_MASS;
    int largest = 0;
    for (int b = 0; b < Shape.BINS; b++) {
      double pseudo = PSEUDO_COUNTS * normal[b] / Shape.TOTAL_MASS;
      masses[b] = 1 + (int) ((counts[b] + pseudo) / total * (Shape.TOTAL_MASS - Shape.BINS));
      left -= masses[b];
      largest = masses[b] > masses[largest] ? b : largest;
    }
    masses[largest] += left;
    return masses;
  }

  private boolean reassign() {
    boolean changed = false;
    for (int i = 0; i < counts.length; i++) {
      int best = shapeOf[i];
      double least = cost(counts[i], bits[best]);
      for (int s = 0; s < bits.length; s++) {
        double now = cost(counts[i], bits[s]);
        if (now < least) {
          best = s;
          least = now;
        }
      }
      changed |= best != shapeOf[i];
      shapeOf[i] = (byte) best;
    }
    return changed;
  }

  private double heldOutBits(int[][] judges) {
    double sum = 0;
    long values = 0;
    for (int i = 0; i < judges.length; i++) {
      sum += cost(judges[i], bits[shapeOf[i]]);
      values += Arrays.stream(judges[i]).sum();
    }
    return sum / values;
  }

  private static double cost(int[] counts, double[] bits) {
    double sum = 0;
    for (int b = 0; b < Shape.BINS; b++) {
      sum += counts[b] * bits[b];
    }
    return sum;
  }

  private void dropUnused() {
    int[] places = new int[shapes.size()];
    Arrays.fill(places, -1);
    List<Shape> used = new ArrayList<>();
    for (int i = 0; i < shapeOf.length; i++) {
      int shape = shapeOf[i];
      if (places[shape] < 0) {
        places[shape] = used.size();
        used.add(shapes.get(shape));
      }
      shapeOf[i] = (byte) places[shape];
    }
    shapes.clear();
    shapes.addAll(used);
  }

  private static int[][] histograms(float[] rows, float[] sigma) {
    int[][] counts = new int[sigma.length][Shape.BINS];
    for (int i = 0; i < rows.length; i++) {
      int coordinate = i % sigma.length;
      counts[coordinate][bin(rows[i] / sigma[coordinate])]++;
    }
    return counts;
  }

  private static int[] pooled(float[] rows, float[] sigma) {
    int[] counts = new int[Shape.BINS];
    for (int i = 0; i < rows.length; i++) {
      counts[bin(rows[i] / sigma[i % sigma.length])]++;
    }
    return counts;
  }

  private static int bin(float z) {
    return Math.clamp(
        (int) Math.floor(z * Shape.BINS_PER_UNIT) + Shape.BINS / 2, 0, Shape.BINS - 1);
  }

  /** Coordinates from short tails to long ones: they all have variance 1. */
  private static Integer[] byMeanMagnitude(int[][] counts) {
    double[] means = new double[counts.length];
    for (int i = 0; i < counts.length; i++) {
      for (int b = 0; b < Shape.BINS; b++) {
        means[i] += counts[i][b] * Math.abs(b + 0.5 - Shape.BINS / 2);
      }
    }
    return IntStream.range(0, counts.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> means[i]).thenComparing(i -> i))
        .toArray(Integer[]::new);
  }
}

package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.Frequencies;
import dev.cleave.codec.entropy.SymbolTable;
import dev.cleave.codec.profile.Shape;
import org.jspecify.annotations.Nullable;

/**
 * How coordinates of one class are coded: the symbols for the quantiser's indices, what they cost
 * and what they stand for. Immutable but for what is derived once; shared by all streams.
 *
 * <p>Symbol {@code s} up to {@code 2 reach} is the index {@code s - reach}, symbol {@code 2 reach +
 * 1} an index beyond, which follows elsewhere. Where {@link #rawBits} is above 0 the symbol is that
 * of {@code (index + 2^(rawBits-1)) >> rawBits}, and the bits shifted out travel as they are.
 */
final class Cells {
  /** What an escape costs beside its symbol: a byte, rarely two. */
  private static final int ESCAPE_BITS = 9;

  private static final double SLOT = 1.0 / SymbolTable.TOTAL;
  private static final int MOST_REACH = SymbolTable.MAX_SYMBOLS / 2 - 1;

  final SymbolTable table;

  /** In units of the step, for each symbol; 0 for the escape. */
  final float[] centroids;

  /** In units of {@code 2^-10} bit, raw bits and escapes included. */
  final int[] costs;

  final int reach;
  final int rawBits;

  private @Nullable Ways ways;

  private Cells(SymbolTable table, float[] centroids, int[] costs, int reach, int rawBits) {
    this.table = table;
    this.centroids = centroids;
    this.costs = costs;
    this.reach = reach;
    this.rawBits = rawBits;
  }

  /** The symbol that announces an index beyond the reach. */
  int escape() {
    return 2 * reach + 1;
  }

  /**
   * The ways of a trellis whose EVEN half these are: two threads may make them, which are the same.
   *
   * @param odd the other half, always the same one
   */
  Ways ways(Cells odd) {
    Ways made = ways;
    if (made == null) {
      made = new Ways(this, odd);
      ways = made;
    }
    return made;
  }

  /** The same symbols with some bits of the index left to travel raw. */
  Cells withRawBits(int bits) {
    int[] more = costs.clone();
    for (int i = 0; i < more.length; i++) {
      more[i] += bits << SymbolTable.COST_BITS;
    }
    return new Cells(table, centroids, more, reach, bits);
  }

  /**
   * Cells of a shape whose deviation is {@code ratio} steps.
   *
   * @param quantiser where the cells lie
   */
  static Cells of(Shape shape, double ratio, Grid quantiser) {
    double[] masses = new double[2 * MOST_REACH + 1];
    double[] moments = new double[2 * MOST_REACH + 1];
    for (int q = -MOST_REACH; q <= MOST_REACH; q++) {
      double from = quantiser.lower(q) / ratio;
      double to = quantiser.lower(q + 1) / ratio;
      masses[q + MOST_REACH] = Math.max(0, shape.cumulative(to) - shape.cumulative(from));
      moments[q + MOST_REACH] = (shape.moment(to) - shape.moment(from)) * ratio;
    }
    int reach = reach(masses);
    double[] weights = new double[2 * reach + 2];
    float[] centroids = new float[SymbolTable.MAX_SYMBOLS];
    double beyond = 1;
    for (int q = -reach; q <= reach; q++) {
      double mass = masses[q + MOST_REACH];
      weights[q + reach] = Math.max(mass, SLOT * SLOT);
      beyond -= mass;
      centroids[q + reach] = (float) quantiser.centroid(q, mass, moments[q + MOST_REACH]);
    }
    weights[2 * reach + 1] = Math.max(beyond, SLOT * SLOT);
    int[] frequencies = new int[weights.length];
    Frequencies.normalise(weights, frequencies);
    int[] costs = new int[SymbolTable.MAX_SYMBOLS];
    for (int s = 0; s < frequencies.length; s++) {
      costs[s] = Frequencies.cost(frequencies[s]);
    }
    costs[2 * reach + 1] += ESCAPE_BITS << SymbolTable.COST_BITS;
    return new Cells(SymbolTable.of(frequencies), centroids, costs, reach, 0);
  }

  /** Where symbols of their own, one slot each at least, stop being cheaper than escapes. */
  private static int reach(double[] masses) {
    double beyond = 1 - masses[MOST_REACH];
    double wasted = 0;
    double least = Double.MAX_VALUE;
    int reach = 1;
    for (int q = 1; q <= MOST_REACH; q++) {
      double above = masses[MOST_REACH + q];
      double below = masses[MOST_REACH - q];
      beyond -= above + below;
      wasted += Math.max(0, SLOT - above) + Math.max(0, SLOT - below);
      // A slot lent to the improbable costs all others 1 / ln 2 of it.
      double cost = Math.max(0, beyond) * (ESCAPE_BITS + 3) + wasted * 1.4427;
      if (cost < least) {
        least = cost;
        reach = q;
      }
    }
    return reach;
  }
}

package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.entropy.SymbolTable;
import dev.cleave.codec.payload.SideReader;
import java.util.Arrays;

/**
 * Dependent quantisation (H. Schwarz et al., "Hybrid video coding with trellis-coded quantization",
 * 2019): two quantisers of twice the step, {@link Grid#EVEN} and {@link Grid#ODD}, of which eight
 * states choose; the parity of each index, 0 for an escape, leads to the next state, and every
 * frame starts in state 0. The encoder takes the path over the whole frame that is cheapest in
 * squared error and bits together.
 *
 * <pre>
 *    state        0     1     2     3     4     5     6     7
 *    quantiser   EVEN  ODD   EVEN  ODD   EVEN  ODD   EVEN  ODD
 *    even leads   0     5     1     6     2     4     3     7
 *    odd leads    2     7     3     4     0     6     1     5
 * </pre>
 */
public final class TrellisQuantiser implements Quantiser {
  private static final int[] NEXT = {0, 2, 5, 7, 1, 3, 6, 4, 2, 0, 4, 6, 3, 1, 7, 5};

  /** The state before, where a state's decision is 0 and where it is 1, and the parity between. */
  private static final int[] BEFORE = {0, 4, 2, 6, 0, 4, 2, 6, 3, 5, 1, 7, 3, 5, 1, 7};

  private static final int[] PARITY = {0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0};

  private static final Grid[] GRIDS = {Grid.EVEN, Grid.ODD};
  private static final int STATES = 8;
  private static final int EVEN = 0;
  private static final int ODD = 1;

  /** Indices beyond do not fit their variable-length number with comfort. */
  private static final float MOST = 1 << 29;

  /** What a path costs that nothing leads to. */
  private static final float NEVER = 1e20f;

  private static final int NONE = Integer.MIN_VALUE;

  /** Squared steps that a bit is worth. */
  private static final float LAMBDA = 0.25f;

  private static final float PER_COST = LAMBDA / (1 << SymbolTable.COST_BITS);

  /** Elements whose metrics are worked out at a time. */
  private static final int BLOCK = 256;

  private final Plans plans;

  /** Of each element of a block the cost of going on from a state of the grid by a parity. */
  private final float[] even0 = new float[BLOCK];

  private final float[] even1 = new float[BLOCK];
  private final float[] odd0 = new float[BLOCK];
  private final float[] odd1 = new float[BLOCK];

  /** Of the cheapest path to each state. */
  private final float[] costs = new float[STATES];

  private byte[] decisions = new byte[0];
  private byte[] grids = new byte[0];
  private int[] indices = new int[0];
  private SideReader rawBits = new SideReader();
  private SideReader escapes = new SideReader();
  private int state;

  /** For the rows that these plans are of. */
  public TrellisQuantiser(Plans plans) {
    this.plans = plans;
  }

  @Override
  public Plan plan(int stepIndex) {
    return plans.of(stepIndex, GRIDS);
  }

  @Override
  public boolean quantise(Plan plan, float[] coordinates, int rows, Symbols symbols) {
    int width = plans.width();
    int count = rows * width;
    symbols.start(count);
    if (decisions.length < count) {
      decisions = new byte[count];
      grids = new byte[count];
      indices = new int[count];
    }
    float perStep = 1 / plan.step();
    Arrays.fill(costs, NEVER);
    costs[0] = 0;
    boolean fits = true;
    for (int done = 0; done < count && fits; done += BLOCK) {
      int n = Math.min(BLOCK, count - done);
      fits = measure(plan, coordinates, perStep, done, n);
      extend(done, n);
    }
    if (!fits) {
      return false;
    }
    int last = 0;
    for (int s = 1; s < STATES; s++) {
      last = costs[s] < costs[last] ? s : last;
    }
    trace(plan, coordinates, perStep, last, symbols);
    return true;
  }

  /** Works out the metrics of a block; false when an index has no room. */
  private boolean measure(Plan plan, float[] coordinates, float perStep, int from, int n) {
    Cells even = plan.at(EVEN, 0);
    Cells odd = plan.at(ODD, 0);
    int width = plans.width();
    float most = 0;
    for (int i = 0, c = from % width; i < n; i++, c = c + 1 == width ? 0 : c + 1) {
      float value = coordinates[from + i] * perStep;
      if (!plan.alike) {
        even = plan.at(EVEN, c);
        odd = plan.at(ODD, c);
      }
      most = Math.max(most, Math.abs(value));
      measure(even, EVEN, value, even0, even1, i);
      measure(odd, ODD, value, odd0, odd1, i);
    }
    return most < MOST;
  }

  private static void measure(
      Cells cells, int grid, float value, float[] parity0, float[] parity1, int i) {
    int lower = lower(grid, value);
    int symbol = lower + cells.reach;
    if (cells.rawBits > 0 || symbol < 0 || symbol + 1 >= cells.escape()) {
      measureFarOut(cells, grid, value, parity0, parity1, i);
      return;
    }
    float errorBelow = value - cells.centroids[symbol];
    float errorAbove = value - cells.centroids[symbol + 1];
    float below = errorBelow * errorBelow + cells.costs[symbol] * PER_COST;
    float above = errorAbove * errorAbove + cells.costs[symbol + 1] * PER_COST;
    boolean isEven = (lower & 1) == 0;
    float ofEven = isEven ? below : above;
    // Next to zero, zero may be cheaper than what is nearer.
    if (lower == 1 || lower == -2) {
      ofEven = Math.min(ofEven, value * value + cells.costs[cells.reach] * PER_COST);
    }
    parity0[i] = ofEven;
    parity1[i] = isEven ? above : below;
  }

  private static void measureFarOut(
      Cells cells, int grid, float value, float[] parity0, float[] parity1, int i) {
    for (int parity = 0; parity < 2; parity++) {
      int q = choose(cells, grid, value, parity);
      float cost = q == NONE ? NEVER : cost(cells, grid, q, value);
      (parity == 0 ? parity0 : parity1)[i] = cost;
    }
  }

  /** Extends the cheapest path to each state by a block. */
  private void extend(int from, int n) {
    float j0 = costs[0];
    float j1 = costs[1];
    float j2 = costs[2];
    float j3 = costs[3];
    float j4 = costs[4];
    float j5 = costs[5];
    float j6 = costs[6];
    float j7 = costs[7];
    for (int i = 0; i < n; i++) {
      float e0 = even0[i];
      float e1 = even1[i];
      float o0 = odd0[i];
      float o1 = odd1[i];
      float a0 = j0 + e0;
      float b0 = j4 + e1;
      float a1 = j2 + e0;
      float b1 = j6 + e1;
      float a2 = j0 + e1;
      float b2 = j4 + e0;
      float a3 = j2 + e1;
      float b3 = j6 + e0;
      float a4 = j3 + o1;
      float b4 = j5 + o0;
      float a5 = j1 + o0;
      float b5 = j7 + o1;
      float a6 = j3 + o0;
      float b6 = j5 + o1;
      float a7 = j1 + o1;
      float b7 = j7 + o0;
      int decision =
          second(a0, b0)
              | second(a1, b1) << 1
              | second(a2, b2) << 2
              | second(a3, b3) << 3
              | second(a4, b4) << 4
              | second(a5, b5) << 5
              | second(a6, b6) << 6
              | second(a7, b7) << 7;
      decisions[from + i] = (byte) decision;
      j0 = Math.min(a0, b0);
      j1 = Math.min(a1, b1);
      j2 = Math.min(a2, b2);
      j3 = Math.min(a3, b3);
      j4 = Math.min(a4, b4);
      j5 = Math.min(a5, b5);
      j6 = Math.min(a6, b6);
      j7 = Math.min(a7, b7);
    }
    // Differences count: what all paths have in common would cost them their precision.
    costs[0] = 0;
    costs[1] = j1 - j0;
    costs[2] = j2 - j0;
    costs[3] = j3 - j0;
    costs[4] = j4 - j0;
    costs[5] = j5 - j0;
    costs[6] = j6 - j0;
    costs[7] = j7 - j0;
  }

  /** 1 when the second is less, else 0, without a branch. */
  private static int second(float a, float b) {
    return Float.floatToRawIntBits(b - a) >>> 31;
  }

  /** Goes back along the cheapest path, then writes its symbols. */
  private void trace(Plan plan, float[] coordinates, float perStep, int last, Symbols symbols) {
    int width = plans.width();
    int s = last;
    int c = (symbols.count - 1) % width;
    for (int i = symbols.count - 1; i >= 0; i--) {
      int way = 2 * s + ((decisions[i] >> s) & 1);
      s = BEFORE[way];
      int grid = s & 1;
      grids[i] = (byte) grid;
      indices[i] = choose(plan.at(grid, c), grid, coordinates[i] * perStep, PARITY[way]);
      c = c == 0 ? width - 1 : c - 1;
    }
    byte[] values = symbols.values;
    for (int i = 0; i < symbols.count; i++) {
      c = c + 1 == width ? 0 : c + 1;
      Cells cells = plan.at(grids[i], c);
      int q = indices[i];
      int bits = cells.rawBits;
      int low = q + ((1 << bits) >> 1);
      int symbol = (low >> bits) + cells.reach;
      if (symbol < 0 || symbol >= cells.escape()) {
        values[i] = (byte) cells.escape();
        symbols.escapes().signed(q);
        low = 0;
      } else {
        values[i] = (byte) symbol;
      }
      if (bits > 0) {
        symbols.rawBits().bits(low, bits);
      }
    }
    symbols.rawBits().endBits();
  }

  /** The index of a grid's highest point that is not above a value. */
  private static int lower(int grid, float value) {
    // Of 1, 3, ... the indices are 1, 2, ..., and the same below zero.
    float half = (grid == EVEN ? value : value + 1) * 0.5f;
    int whole = (int) half;
    int floor = whole - (half < whole ? 1 : 0);
    return grid == ODD && value < 0 ? floor - 1 : floor;
  }

  private static int parity(Cells cells, int q) {
    int symbol = symbol(cells, q);
    return symbol < 0 || symbol >= cells.escape() ? 0 : q & 1;
  }

  private static int symbol(Cells cells, int q) {
    return ((q + ((1 << cells.rawBits) >> 1)) >> cells.rawBits) + cells.reach;
  }

  private static float cost(Cells cells, int grid, int q, float value) {
    int symbol = symbol(cells, q);
    float error;
    int bits;
    if (symbol < 0 || symbol >= cells.escape()) {
      error = value - point(grid, q);
      bits = cells.costs[cells.escape()];
    } else {
      error = value - (cells.rawBits == 0 ? cells.centroids[symbol] : point(grid, q));
      bits = cells.costs[symbol];
    }
    return error * error + bits * PER_COST;
  }

  private static int point(int grid, int q) {
    return grid == EVEN ? 2 * q : 2 * q - Integer.signum(q);
  }

  /** The cheapest index of this parity near a value, or NONE. */
  private static int choose(Cells cells, int grid, float value, int parity) {
    int lower = lower(grid, value);
    int best = NONE;
    float least = NEVER;
    for (int n = 0; n < 3; n++) {
      int q = n == 2 ? 0 : lower + n;
      if (n == 2 && lower != 1 && lower != -2) {
        break;
      }
      float cost = cost(cells, grid, q, value);
      if (parity(cells, q) == parity && cost < least) {
        least = cost;
        best = q;
      }
    }
    return best;
  }

  @Override
  public long cost(Plan plan, Symbols symbols) {
    int width = plans.width();
    long cost = 0;
    for (int i = 0, c = 0; i < symbols.count; i++, c = c + 1 == width ? 0 : c + 1) {
      cost += plan.at(grids[i], c).costs[symbols.values[i] & 0xFF];
    }
    return cost;
  }

  @Override
  public void encode(Plan plan, Symbols symbols, RansEncoder encoder) {
    int width = plans.width();
    encoder.open(symbols.count);
    int c = (symbols.count - 1) % width;
    for (int i = symbols.count - 1; i >= 0; i--) {
      encoder.put(plan.at(grids[i], c).table, symbols.values[i] & 0xFF, i);
      c = c == 0 ? width - 1 : c - 1;
    }
  }

  @Override
  public void decode(Plan plan, RansDecoder decoder, SideReader bits, int rows, Symbols symbols) {
    int width = plans.width();
    int count = rows * width;
    symbols.start(count);
    int s = 0;
    for (int i = 0, c = 0; i < count; i++, c = c + 1 == width ? 0 : c + 1) {
      Cells cells = plan.at(s & 1, c);
      int symbol = decoder.next(cells.table);
      symbols.values[i] = (byte) symbol;
      int low = cells.rawBits == 0 ? symbol - cells.reach : lowest(bits.bits(cells.rawBits), cells);
      s = NEXT[2 * s + (symbol == cells.escape() ? 0 : low & 1)];
    }
  }

  private static int lowest(int low, Cells cells) {
    return low - (1 << (cells.rawBits - 1));
  }

  @Override
  public void rewind(SideReader bits, SideReader beyond) {
    rawBits = bits;
    escapes = beyond;
    state = 0;
  }

  @Override
  public void dequantise(Plan plan, Symbols symbols, int row, int count, float[] out) {
    int width = plans.width();
    int from = row * width;
    int elements = count * width;
    byte[] values = symbols.values;
    int s = state;
    for (int i = 0, c = 0; i < elements; i++, c = c + 1 == width ? 0 : c + 1) {
      int grid = s & 1;
      Cells cells = plan.at(grid, c);
      int symbol = values[from + i] & 0xFF;
      int bits = cells.rawBits;
      int q = symbol - cells.reach;
      if (bits > 0) {
        q = (q << bits) + lowest(rawBits.bits(bits), cells);
      }
      int parity = q & 1;
      if (symbol == cells.escape()) {
        out[i] = point(grid, escapes.signed());
        parity = 0;
      } else {
        out[i] = bits > 0 ? point(grid, q) : cells.centroids[symbol];
      }
      s = NEXT[2 * s + parity];
    }
    state = s;
  }
}

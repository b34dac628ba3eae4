package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.kernel.Kernels;
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

  /** The same, four bits each. */
  private static final long STATES_BEFORE = packed(BEFORE);

  private static final long PARITIES = packed(PARITY);

  private static final Grid[] GRIDS = {Grid.EVEN, Grid.ODD};
  private static final int STATES = 8;
  private static final int EVEN = 0;
  private static final int ODD = 1;

  /** Indices beyond do not fit their variable-length number with comfort. */
  private static final float MOST = 1 << 29;

  /** What a path costs that nothing leads to. */
  private static final float NEVER = 1e20f;

  private static final int NONE = Integer.MIN_VALUE;

  private static final float PER_COST = Ways.PER_COST;

  /** Stands for the symbols of an element that {@link Ways} do not cover. */
  private static final int FAR_OUT = -1;

  /** Elements whose metrics are worked out at a time. */
  private static final int BLOCK = 256;

  private final Plans plans;

  /** Of each element of a block the cost of each way. */
  private final float[] metrics = new float[Kernels.WAYS * BLOCK];

  /** Of the cheapest path to each state. */
  private final float[] costs = new float[STATES];

  private byte[] decisions = new byte[0];
  private byte[] grids = new byte[0];

  /** Of each element the symbols of the ways, or {@link #FAR_OUT}. */
  private int[] choices = new int[0];

  /** Of elements far out. */
  private int[] indices = new int[0];

  private boolean farOut;
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
      choices = new int[count];
      indices = new int[count];
    }
    float perStep = 1 / plan.step();
    Arrays.fill(costs, NEVER);
    costs[0] = 0;
    boolean fits = true;
    farOut = false;
    for (int done = 0; done < count && fits; done += BLOCK) {
      int n = Math.min(BLOCK, count - done);
      fits = measure(plan, coordinates, perStep, done, n);
      Kernels.extendPaths(metrics, n, costs, decisions, done);
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
    int last = plan.ways.length - 1;
    boolean fits = true;
    int c = last == 0 ? 0 : from % plans.width();
    for (int i = 0; i < n; i++) {
      float value = coordinates[from + i] * perStep;
      Ways ways = plan.ways[c];
      int whole = (int) value;
      // One less for what lies below: 0 is added lest -0 be negative.
      int k = whole + ways.offset + (Float.floatToRawIntBits(value - whole + 0f) >> 31);
      int[] ofWays = ways.symbols;
      if (k < 0 || k >= ofWays.length) {
        fits &= Math.abs(value) < MOST;
        measureFarOut(plan, value, from + i, i);
      } else {
        choices[from + i] = measure(ways, k, value, i);
      }
      c = c == last ? 0 : c + 1;
    }
    return fits;
  }

  /** The metrics of an element, without a branch; returns its symbols. */
  private int measure(Ways ways, int k, float value, int i) {
    float[] of = ways.metrics;
    int m = k * Ways.METRICS;
    float error0 = value - of[m];
    float error1 = value - of[m + 1];
    float error2 = value - of[m + 2];
    float error3 = value - of[m + 3];
    float square = value * value;
    float even = error0 * error0 + of[m + 4];
    float odd = error2 * error2 + of[m + 6];
    float evenZero = square + ways.evenZero;
    float oddZero = square + ways.oddZero;
    int evenIsZero = Float.floatToRawIntBits(evenZero - even) >> 31;
    int oddIsZero = Float.floatToRawIntBits(oddZero - odd) >> 31;
    int to = Kernels.WAYS * i;
    metrics[to] = choose(even, evenZero, evenIsZero);
    metrics[to + 1] = error1 * error1 + of[m + 5];
    metrics[to + 2] = choose(odd, oddZero, oddIsZero);
    metrics[to + 3] = error3 * error3 + of[m + 7];
    int symbols = ways.symbols[k];
    return symbols
        ^ ((symbols ^ ways.evenZeroSymbol) & evenIsZero & 0xFF)
        ^ ((symbols ^ ways.oddZeroSymbol) & oddIsZero & 0xFF0000);
  }

  private static float choose(float ofNone, float ofAll, int mask) {
    int none = Float.floatToRawIntBits(ofNone);
    return Float.intBitsToFloat(none ^ ((none ^ Float.floatToRawIntBits(ofAll)) & mask));
  }

  private void measureFarOut(Plan plan, float value, int at, int i) {
    choices[at] = FAR_OUT;
    farOut = true;
    int c = at % plans.width();
    for (int way = 0; way < Kernels.WAYS; way++) {
      int grid = way >> 1;
      Cells cells = plan.at(grid, c);
      int q = choose(cells, grid, value, way & 1);
      metrics[Kernels.WAYS * i + way] = q == NONE ? NEVER : cost(cells, grid, q, value);
    }
  }

  /** Goes back along the cheapest path, then writes its symbols. */
  private void trace(Plan plan, float[] coordinates, float perStep, int last, Symbols symbols) {
    int s = last;
    byte[] values = symbols.values;
    for (int i = symbols.count - 1; i >= 0; i--) {
      int way = 8 * s + 4 * ((decisions[i] >> s) & 1);
      s = (int) (STATES_BEFORE >>> way) & 7;
      int parity = (int) (PARITIES >>> way) & 1;
      int grid = s & 1;
      int choice = choices[i];
      grids[i] = (byte) grid;
      values[i] = (byte) (choice >>> (16 * grid + 8 * parity));
      if (choice == FAR_OUT) {
        Cells cells = plan.at(grid, i % plans.width());
        indices[i] = choose(cells, grid, coordinates[i] * perStep, parity);
      }
    }
    if (farOut) {
      writeFarOut(plan, symbols);
    }
  }

  /** Writes escapes and raw bits, which only elements far out have. */
  private void writeFarOut(Plan plan, Symbols symbols) {
    byte[] values = symbols.values;
    for (int i = 0; i < symbols.count; i++) {
      if (choices[i] != FAR_OUT) {
        continue;
      }
      Cells cells = plan.at(grids[i], i % plans.width());
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

  private static long packed(int[] nibbles) {
    long all = 0;
    for (int i = 0; i < nibbles.length; i++) {
      all |= (long) nibbles[i] << (4 * i);
    }
    return all;
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

package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.kernel.Cut;
import dev.cleave.codec.kernel.Kernels;
import dev.cleave.codec.payload.SideReader;

/** The nearest multiple of the step, given back as the centroid of its cell. */
public final class UniformQuantiser implements Quantiser {
  /** Indices beyond do not fit their variable-length number with comfort. */
  private static final float MOST = 1 << 30;

  private static final int BLOCK = 1024;
  private static final Grid[] GRIDS = {Grid.UNIFORM};

  private final Plans plans;
  private SideReader rawBits = new SideReader();
  private SideReader escapes = new SideReader();

  /** For the rows that these plans are of. */
  public UniformQuantiser(Plans plans) {
    this.plans = plans;
  }

  @Override
  public Plan plan(int stepIndex) {
    return plans.of(stepIndex, GRIDS);
  }

  @Override
  public boolean quantise(Plan plan, float[] coordinates, int rows, Symbols symbols) {
    int count = rows * plans.width();
    symbols.start(count);
    float perStep = 1 / plan.step();
    if (plan.alike && plan.rawBitsPerRow() == 0) {
      boolean fits = true;
      for (int done = 0; done < count; done += BLOCK) {
        int n = Math.min(BLOCK, count - done);
        fits &= alike(plan, coordinates, done, n, symbols);
      }
      return fits;
    }
    boolean fits = true;
    int width = plans.width();
    for (int at = 0, c = 0; at < count; at++, c = c + 1 == width ? 0 : c + 1) {
      fits &= one(plan.at(0, c), coordinates[at] * perStep, at, symbols);
    }
    symbols.rawBits().endBits();
    return fits;
  }

  private static boolean alike(Plan plan, float[] coordinates, int from, int n, Symbols symbols) {
    Cut cut = plan.cut;
    int highest = Kernels.quantise(coordinates, from, n, cut, symbols.values);
    boolean fits = true;
    if (highest == cut.beyond()) {
      Cells cells = plan.at(0, 0);
      byte escape = (byte) cut.beyond();
      for (int i = from; i < from + n; i++) {
        if (symbols.values[i] == escape) {
          fits &= escape(cells, coordinates[i] * cut.perStep(), i, symbols);
        }
      }
    }
    return fits;
  }

  private static boolean one(Cells cells, float value, int at, Symbols symbols) {
    int bits = cells.rawBits;
    if (!(Math.abs(value) < MOST)) {
      return false;
    }
    int q = (int) Math.floor(value + 0.5f);
    int low = q + ((1 << bits) >> 1);
    int symbol = (low >> bits) + cells.reach;
    if (symbol < 0 || symbol >= cells.escape()) {
      symbols.rawBits().bits(0, bits);
      return escape(cells, value, at, symbols);
    }
    symbols.values[at] = (byte) symbol;
    symbols.rawBits().bits(low, bits);
    return true;
  }

  private static boolean escape(Cells cells, float value, int at, Symbols symbols) {
    symbols.values[at] = (byte) cells.escape();
    if (!(Math.abs(value) < MOST)) {
      return false;
    }
    symbols.escapes().signed((int) Math.floor(value + 0.5f));
    return true;
  }

  @Override
  public long cost(Plan plan, Symbols symbols) {
    byte[] values = symbols.values;
    int count = symbols.count;
    long cost = 0;
    if (plan.alike) {
      int[] costs = plan.at(0, 0).costs;
      for (int i = 0; i < count; i++) {
        cost += costs[values[i] & 0xFF];
      }
      return cost;
    }
    int width = plans.width();
    Cells[] cells = plan.cells[0];
    for (int at = 0; at < count; at += width) {
      for (int c = 0; c < width; c++) {
        cost += cells[c].costs[values[at + c] & 0xFF];
      }
    }
    return cost;
  }

  @Override
  public void encode(Plan plan, Symbols symbols, RansEncoder encoder) {
    encoder.encode(plan.pattern, symbols.values, symbols.count);
  }

  @Override
  public void decode(Plan plan, RansDecoder decoder, SideReader bits, int rows, Symbols symbols) {
    symbols.start(rows * plans.width());
    decoder.decode(plan.pattern, symbols.values, symbols.count);
  }

  @Override
  public void rewind(SideReader bits, SideReader beyond) {
    rawBits = bits;
    escapes = beyond;
  }

  @Override
  public void dequantise(Plan plan, Symbols symbols, int row, int count, float[] out) {
    int width = plans.width();
    int from = row * width;
    int elements = count * width;
    byte[] values = symbols.values;
    if (plan.alike && plan.rawBitsPerRow() == 0) {
      float[] points = plan.points;
      for (int i = 0; i < elements; i++) {
        out[i] = points[values[from + i] & 0xFF];
      }
      if (Kernels.maxMagnitude(out, 0, elements) <= Float.MAX_VALUE) {
        return;
      }
    }
    for (int i = 0, c = 0; i < elements; i++, c = c + 1 == width ? 0 : c + 1) {
      Cells cells = plan.at(0, c);
      int symbol = values[from + i] & 0xFF;
      int bits = cells.rawBits;
      if (bits == 0) {
        out[i] = symbol == cells.escape() ? escapes.signed() : cells.centroids[symbol];
      } else {
        int low = rawBits.bits(bits);
        int q = ((symbol - cells.reach) << bits) + low - (1 << (bits - 1));
        out[i] = symbol == cells.escape() ? escapes.signed() : q;
      }
    }
  }
}

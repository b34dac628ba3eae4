package dev.cleave.codec.entropy;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which table each element of a stream uses: those of the first row over and over. Set once per
 * frame at most, without allocating unless the row has grown; confined to one thread.
 */
public final class TablePattern {
  int[][] slots = new int[0][];
  long[][] symbols = new long[0][];
  private SymbolTable[] tables = new SymbolTable[0];
  private int period;
  private @Nullable SymbolTable single;

  /** Uses these tables, one per element of a row; borrowed for reading only now. */
  public void assign(SymbolTable[] row, int width) {
    // Narrow rows are repeated, so that a group of lanes wraps around once at most.
    period = width * ((Rans.MAX_LANES + width - 1) / width);
    int room = period + Rans.MAX_LANES;
    if (tables.length < room) {
      tables = new SymbolTable[room];
      slots = new int[room][];
      symbols = new long[room][];
    }
    single = row[0];
    for (int i = 0, c = 0; i < room; i++, c = c + 1 == width ? 0 : c + 1) {
      tables[i] = row[c];
      slots[i] = row[c].slots;
      symbols[i] = row[c].symbols;
      if (row[c] != single) {
        single = null;
      }
    }
  }

  /** Uses one table for all. */
  public void assign(SymbolTable table) {
    period = Rans.MAX_LANES;
    if (tables.length < 2 * period) {
      tables = new SymbolTable[2 * period];
      slots = new int[2 * period][];
      symbols = new long[2 * period][];
    }
    Arrays.fill(tables, table);
    Arrays.fill(slots, table.slots);
    Arrays.fill(symbols, table.symbols);
    single = table;
  }

  /** The table of an element. */
  public SymbolTable at(int element) {
    return tables[element % period];
  }

  int period() {
    return period;
  }

  @Nullable SymbolTable single() {
    return single;
  }
}

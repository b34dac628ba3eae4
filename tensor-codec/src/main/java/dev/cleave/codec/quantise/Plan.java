package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.SymbolTable;
import dev.cleave.codec.entropy.TablePattern;
import dev.cleave.codec.kernel.Cut;
import java.util.Arrays;

/** How the coordinates of a row are coded with one step. Made by {@link Plans}; immutable. */
public final class Plan {
  /** The tables of a row in the first grid. */
  final TablePattern pattern = new TablePattern();

  /** For each grid and coordinate, or for each grid where all coordinates are alike. */
  final Cells[][] cells;

  final boolean alike;

  /** The cells in the first grid, where all coordinates are alike. */
  final Cut cut;

  /** Centroids of {@link #cut} by symbol, but not a number for what lies beyond. */
  final float[] points;

  /** Of a trellis, as many as each grid has cells; else none. */
  final Ways[] ways;

  private final int stepIndex;
  private final float step;
  private final int rawBitsPerRow;

  Plan(int stepIndex, int width, Cells[][] cells) {
    this.stepIndex = stepIndex;
    this.step = Steps.step(stepIndex);
    this.cells = cells;
    this.alike = cells[0].length == 1;
    this.cut = new Cut(1 / step, cells[0][0].reach);
    this.points = cells[0][0].centroids.clone();
    points[cut.beyond()] = Float.NaN;
    this.ways = new Ways[cells.length == 1 ? 0 : cells[0].length];
    for (int i = 0; i < ways.length; i++) {
      ways[i] = cells[0][i].ways(cells[1][i]);
    }
    if (alike) {
      pattern.assign(cells[0][0].table);
      rawBitsPerRow = width * cells[0][0].rawBits;
    } else {
      SymbolTable[] tables = new SymbolTable[width];
      for (int i = 0; i < width; i++) {
        tables[i] = cells[0][i].table;
      }
      pattern.assign(tables, width);
      rawBitsPerRow = Arrays.stream(cells[0]).mapToInt(it -> it.rawBits).sum();
    }
  }

  /** 0 to 255, coarse to fine. */
  public int stepIndex() {
    return stepIndex;
  }

  /** The step in f32. */
  public float step() {
    return step;
  }

  /** Bits of each row that are not entropy-coded. */
  public int rawBitsPerRow() {
    return rawBitsPerRow;
  }

  Cells at(int grid, int coordinate) {
    return cells[grid][alike ? 0 : coordinate];
  }
}

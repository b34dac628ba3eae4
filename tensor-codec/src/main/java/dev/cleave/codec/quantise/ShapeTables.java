package dev.cleave.codec.quantise;

import dev.cleave.codec.profile.Shape;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The {@link Cells} of one shape, one for each class, made when they are first needed and kept as
 * long as the shape: at most {@value #TABLES} tables of 21 KiB for each grid, 1.2 MiB, shared by
 * all streams. Thread-safe: two threads may make the same table, which is the same.
 */
final class ShapeTables {
  /** Below, all but every 4000th value is zero whatever the class. */
  static final int LOWEST = -28;

  /** Above, bits are left raw: 2^(26/8) = 9.5 steps a deviation. */
  static final int MOST_CODED = 26;

  /** Beyond, the highest is used: indices need some 30 bits there. */
  static final int HIGHEST = MOST_CODED + 8 * 22;

  private static final int TABLES = MOST_CODED - LOWEST + 1;

  private final Shape shape;
  private final AtomicReferenceArray<Cells> made =
      new AtomicReferenceArray<>(Grid.values().length * (HIGHEST - LOWEST + 1));

  private ShapeTables(Shape shape) {
    this.shape = shape;
  }

  /** The tables of a shape. */
  static ShapeTables of(Shape shape) {
    return shape.derived(ShapeTables.class, ShapeTables::new);
  }

  /**
   * The cells of a class.
   *
   * @param octaveEighths as {@link Steps#classOf} gives; any
   */
  Cells cells(Grid grid, int octaveEighths) {
    int level = Math.clamp(octaveEighths, LOWEST, HIGHEST);
    int index = grid.ordinal() * (HIGHEST - LOWEST + 1) + level - LOWEST;
    Cells cells = made.get(index);
    if (cells == null) {
      cells = make(grid, level);
      made.set(index, cells);
    }
    return cells;
  }

  private Cells make(Grid grid, int level) {
    // A trellis' halves have points two steps apart, so that they reach an octave further.
    int most = grid == Grid.UNIFORM ? MOST_CODED : MOST_CODED + 8;
    if (level <= most) {
      return Cells.of(shape, Steps.power(2 * level), grid);
    }
    int rawBits = (level - most + 7) / 8;
    return cells(grid, level - 8 * rawBits).withRawBits(rawBits);
  }
}

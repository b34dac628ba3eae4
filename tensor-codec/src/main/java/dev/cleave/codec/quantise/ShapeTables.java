package dev.cleave.codec.quantise;

import dev.cleave.codec.profile.Shape;
import java.util.EnumMap;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The {@link Cells} of one shape, one for each class, made when they are first needed and kept as
 * long as the shape: at most 55 tables of 22 KiB for each grid, 1.2 MiB, shared by all streams, and
 * for trellises up to 18 KiB of {@link Ways} beside. Thread-safe: two threads may make the same
 * table, which is the same.
 */
final class ShapeTables {
  /** Below, all but every 4000th value is zero whatever the class. */
  static final int LOWEST = -28;

  /** Above, bits are left raw: 2^(26/8) = 9.5 steps a deviation. */
  static final int MOST_CODED = 26;

  /** Beyond, the highest is used: indices need some 30 bits there. */
  static final int HIGHEST = MOST_CODED + 8 * 22;

  private final Shape shape;
  private final EnumMap<Grid, AtomicReferenceArray<Cells>> made = new EnumMap<>(Grid.class);

  private ShapeTables(Shape shape) {
    this.shape = shape;
    for (Grid grid : Grid.values()) {
      made.put(grid, new AtomicReferenceArray<>(HIGHEST - LOWEST + 1));
    }
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
    AtomicReferenceArray<Cells> ofGrid = Objects.requireNonNull(made.get(grid));
    Cells cells = ofGrid.get(level - LOWEST);
    if (cells == null) {
      cells = make(grid, level);
      ofGrid.set(level - LOWEST, cells);
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

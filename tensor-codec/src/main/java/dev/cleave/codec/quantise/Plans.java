package dev.cleave.codec.quantise;

import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The plans of one stream, made when a step is first used; the last few are kept. Confined to one
 * thread.
 */
public final class Plans {
  /** More than a search of the step touches from one frame to the next. */
  private static final int KEPT = 8;

  private final int width;
  private final ShapeTables[] tables;

  /** Logarithms of the deviations in sixteenths; one where all coordinates are alike. */
  private final int[] sigmas;

  private final @Nullable Plan[] kept = new @Nullable Plan[KEPT];

  private Plans(int width, ShapeTables[] tables, int[] sigmas) {
    this.width = width;
    this.tables = tables;
    this.sigmas = sigmas;
  }

  /** Normal coordinates of deviation 1. */
  public static Plans unit(int width) {
    return new Plans(width, new ShapeTables[] {ShapeTables.of(Shape.normal())}, new int[1]);
  }

  /** The coordinates of a profile. */
  public static Plans of(Profile profile) {
    Basis basis = profile.basis();
    int width = profile.width();
    float[] sigma = basis.sigma();
    int[] sigmas = new int[width];
    ShapeTables[] tables = new ShapeTables[width];
    boolean alike = true;
    for (int i = 0; i < width; i++) {
      sigmas[i] = Steps.logarithm(sigma[i]);
      tables[i] = ShapeTables.of(profile.shapes().get(basis.shapeOf(i)));
      alike &= sigmas[i] == sigmas[0] && tables[i] == tables[0];
    }
    return alike
        ? new Plans(width, Arrays.copyOf(tables, 1), Arrays.copyOf(sigmas, 1))
        : new Plans(width, tables, sigmas);
  }

  /** Elements of a row. */
  int width() {
    return width;
  }

  /** The plan of a step, 0 to {@value Steps#LAST}. */
  Plan of(int stepIndex, Grid[] grids) {
    Plan plan = kept[stepIndex % KEPT];
    if (plan == null || plan.stepIndex() != stepIndex) {
      plan = make(stepIndex, grids);
      kept[stepIndex % KEPT] = plan;
    }
    return plan;
  }

  private Plan make(int stepIndex, Grid[] grids) {
    Cells[][] cells = new Cells[grids.length][sigmas.length];
    for (int g = 0; g < grids.length; g++) {
      for (int i = 0; i < sigmas.length; i++) {
        cells[g][i] = tables[i].cells(grids[g], Steps.classOf(sigmas[i], stepIndex));
      }
    }
    return new Plan(stepIndex, width, cells);
  }
}

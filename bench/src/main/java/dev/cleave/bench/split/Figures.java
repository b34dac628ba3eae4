package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one run in the order in which they were measured: each is printed when it is
 * there, and all of them once more in one table. Confined to one thread.
 */
final class Figures {
  private record Row(int at, String what, double figure, @Nullable Goal goal, String detail) {
    String line() {
      return String.format(
          Locale.ROOT,
          "%-2d %-44s %8.3f  %-34s %s",
          at,
          what,
          figure,
          goal == null ? "-" : goal.verdict(figure),
          detail);
    }
  }

  private final List<Row> rows = new ArrayList<>();
  private int at;

  /** What is added from now on is of a model with so many layers on the device. */
  void cut(int layers) {
    at = layers;
  }

  /** A figure that is to reach something. */
  void add(String what, double figure, Goal goal, String detail) {
    add(new Row(at, what, figure, goal, detail));
  }

  /** A figure that stands beside the others. */
  void add(String what, double figure, String detail) {
    add(new Row(at, what, figure, null, detail));
  }

  private void add(Row row) {
    rows.add(row);
    System.out.println(row.line());
  }

  /** All of them, how many have a goal and how many of those meet it. */
  void print() {
    long goals = rows.stream().filter(row -> row.goal() != null).count();
    long met =
        rows.stream().filter(row -> row.goal() != null && row.goal().isMet(row.figure())).count();
    System.out.printf(
        Locale.ROOT, "%n%-2s %-44s %8s  %-34s %s%n", "k", "what", "figure", "goal", "measured");
    rows.forEach(row -> System.out.println(row.line()));
    System.out.printf(Locale.ROOT, "%d of %d goals met%n", met, goals);
  }
}

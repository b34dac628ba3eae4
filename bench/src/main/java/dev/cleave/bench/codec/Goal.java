package dev.cleave.bench.codec;

import java.util.Locale;

/** What a figure is to be. Immutable. */
record Goal(boolean atMost, double bound) {
  static Goal atMost(double bound) {
    return new Goal(true, bound);
  }

  static Goal atLeast(double bound) {
    return new Goal(false, bound);
  }

  boolean isMet(double figure) {
    return atMost ? figure <= bound : figure >= bound;
  }

  /** The goal, and whether the figure meets it or by how much it does not. */
  String verdict(double figure) {
    return String.format(
        Locale.ROOT,
        "goal %s %s: %s",
        atMost ? "<=" : ">=",
        number(bound),
        isMet(figure) ? "met" : "MISSED by " + number(Math.abs(figure - bound)));
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.replaceFirst("\\.?0+$", "");
  }
}

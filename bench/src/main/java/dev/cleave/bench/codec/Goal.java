package dev.cleave.bench.codec;

import java.util.Locale;

/**
 * What a figure is to be. Immutable.
 *
 * @param atMost whether the bound is the largest that does, or else the smallest
 * @param bound that does just yet
 */
public record Goal(boolean atMost, double bound) {
  /** A figure up to this. */
  public static Goal atMost(double bound) {
    return new Goal(true, bound);
  }

  /** A figure from this on. */
  public static Goal atLeast(double bound) {
    return new Goal(false, bound);
  }

  /** Whether a figure does. */
  public boolean isMet(double figure) {
    return atMost ? figure <= bound : figure >= bound;
  }

  /** The goal, and whether the figure meets it or by how much it does not. */
  public String verdict(double figure) {
    return String.format(
        Locale.ROOT,
        "goal %s: %s",
        text(),
        isMet(figure) ? "met" : "MISSED by " + number(Math.abs(figure - bound)));
  }

  /** Such as {@code >= 0.98}. */
  public String text() {
    return (atMost ? "<= " : ">= ") + number(bound);
  }

  private static String number(double value) {
    String text = String.format(Locale.ROOT, "%.3f", value);
    return text.replaceFirst("\\.?0+$", "");
  }
}

package dev.cleave.bench.measure;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Two ways of doing the same work, measured in turn in one run. The ratio is the median over rounds
 * of (ours / theirs) within a round: what slows the machine slows both sides of a round.
 */
public final class Ratio {
  private final String name;
  private final String unit;
  private final List<Double> ours = new ArrayList<>();
  private final List<Double> theirs = new ArrayList<>();
  private final List<Double> ratios = new ArrayList<>();

  public Ratio(String name, String unit) {
    this.name = name;
    this.unit = unit;
  }

  /** What both sides took, or did in a second, in one round. */
  public void round(double our, double their) {
    ours.add(our);
    theirs.add(their);
    ratios.add(our / their);
  }

  /** The median of the rounds' ratios. */
  public double ratio() {
    return median(ratios);
  }

  /** The median of the first side. */
  public double ours() {
    return median(ours);
  }

  /** One line: the medians of both sides, the ratio and its quartiles. */
  public String line(String ourName, String theirName, String goal) {
    return String.format(
        Locale.ROOT,
        "%-34s %s %.1f %s, %s %.1f %s: ratio %.3f (quartiles %.3f to %.3f, %d rounds) goal %s",
        name,
        ourName,
        ours(),
        unit,
        theirName,
        median(theirs),
        unit,
        ratio(),
        quantile(1),
        quantile(3),
        ratios.size(),
        goal);
  }

  /** The medians of both sides and the quartiles of the ratio, for a table that has the ratio. */
  public String sides(String ourName, String theirName) {
    return String.format(
        Locale.ROOT,
        "%s %.1f, %s %.1f %s; %d rounds, quartiles %.3f to %.3f",
        ourName,
        ours(),
        theirName,
        median(theirs),
        unit,
        ratios.size(),
        quantile(1),
        quantile(3));
  }

  private double quantile(int quarter) {
    List<Double> sorted = new ArrayList<>(ratios);
    Collections.sort(sorted);
    return sorted.get(sorted.size() * quarter / 4);
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}

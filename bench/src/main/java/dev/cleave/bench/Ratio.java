package dev.cleave.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Two ways of doing the same work, measured in turn in one run. The ratio is the median over rounds
 * of (ours / theirs) within a round: what slows the machine slows both sides of a round.
 */
final class Ratio {
  private final String name;
  private final String unit;
  private final List<Double> ours = new ArrayList<>();
  private final List<Double> theirs = new ArrayList<>();
  private final List<Double> ratios = new ArrayList<>();

  Ratio(String name, String unit) {
    this.name = name;
    this.unit = unit;
  }

  void round(double our, double their) {
    ours.add(our);
    theirs.add(their);
    ratios.add(our / their);
  }

  double ratio() {
    return median(ratios);
  }

  double ours() {
    return median(ours);
  }

  /** One line: the medians of both sides, the ratio and its quartiles. */
  String line(String ourName, String theirName, String goal) {
    List<Double> sorted = new ArrayList<>(ratios);
    Collections.sort(sorted);
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
        sorted.get(sorted.size() / 4),
        sorted.get(sorted.size() * 3 / 4),
        sorted.size(),
        goal);
  }

  private static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }
}

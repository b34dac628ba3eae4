package dev.cleave.bench.chaos.hostile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What came of an attack: how often what, and what must not have come of it. Thread-safe. */
final class Tally {
  private static final int MOST_FAULTS_KEPT = 20;

  private final Map<String, Long> outcomes = new TreeMap<>();
  private final List<String> faults = new ArrayList<>();
  private long faultCount;

  /** One outcome that is as it should be. */
  synchronized void count(String outcome) {
    outcomes.merge(outcome, 1L, Long::sum);
  }

  /** One that is not. */
  synchronized void fault(String outcome) {
    count(outcome);
    faultCount++;
    if (faults.size() < MOST_FAULTS_KEPT) {
      faults.add(outcome);
    }
  }

  /** How many outcomes there are. */
  synchronized long total() {
    return outcomes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many of them are faults. */
  synchronized long faults() {
    return faultCount;
  }

  /** The faults that were kept. */
  synchronized List<String> kept() {
    return List.copyOf(faults);
  }

  @Override
  public synchronized String toString() {
    return outcomes.toString();
  }
}

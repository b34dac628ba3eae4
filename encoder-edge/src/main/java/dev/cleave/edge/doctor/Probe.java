package dev.cleave.edge.doctor;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * One look at the machine, which may fail or hang without harm to the others.
 *
 * @param key of the finding that takes its place when it fails
 * @param doing what the person is told while it lasts; empty where it is quick
 */
record Probe(String key, String doing, Duration deadline, Callable<List<Finding>> look) {
  /** What reads a few files. */
  static Probe quick(String key, Callable<List<Finding>> look) {
    return new Probe(key, "", Duration.ofSeconds(20), look);
  }
}

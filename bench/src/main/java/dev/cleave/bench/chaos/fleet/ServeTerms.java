package dev.cleave.bench.chaos.fleet;

import java.util.List;
import java.util.Map;

/**
 * How the servers of a fleet are started.
 *
 * @param options of {@code serve}
 * @param environment beside what this process has
 */
public record ServeTerms(List<String> options, Map<String, String> environment) {
  public ServeTerms {
    options = List.copyOf(options);
    environment = Map.copyOf(environment);
  }
}

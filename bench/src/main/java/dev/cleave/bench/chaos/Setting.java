package dev.cleave.bench.chaos;

import dev.cleave.bench.chaos.figures.Report;
import dev.cleave.bench.chaos.work.Kind;
import dev.cleave.bench.chaos.work.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/**
 * What all cases of a run have in common. Immutable but for the report.
 *
 * @param work a folder for bundles and logs
 * @param models that are served
 * @param seed from which all chance comes
 * @param extent how much is done
 * @param report where rows and failures go
 */
record Setting(Path work, Models models, long seed, Extent extent, Report report) {
  /**
   * How much is done.
   *
   * @param longForm the numbers of the published table, or some that take seconds
   * @param rounds instead of either
   * @param minutes of what runs for a time
   */
  record Extent(boolean longForm, OptionalInt rounds, OptionalDouble minutes) {
    static final Extent SHORT = new Extent(false, OptionalInt.empty(), OptionalDouble.empty());

    int rounds(int shortForm, int longForm) {
      return rounds.orElse(this.longForm ? longForm : shortForm);
    }

    Duration time(Duration shortForm, Duration longForm) {
      return minutes.isPresent()
          ? Duration.ofMillis((long) (minutes.getAsDouble() * 60_000))
          : this.longForm ? longForm : shortForm;
    }
  }

  static Setting of(Path work, long seed, Extent extent) {
    return new Setting(work, new Models(work), seed, extent, new Report());
  }

  /** Chance of one round: the same whatever was drawn in the rounds before. */
  SplittableRandom random(String name, int round) {
    return new SplittableRandom(seed * 1_000_003 + name.hashCode() * 31L + round);
  }

  /** A round that may find nothing to do what it is for. */
  @FunctionalInterface
  interface Round<T> {
    /** Whether it was met on what serves its kind; {@code random} is the chance of this try. */
    boolean meets(T served, int round, SplittableRandom random)
        throws IOException, InterruptedException;
  }

  /**
   * Tries each of so many rounds, of the kinds in turn, with other chance until it is met.
   *
   * @param served what serves each kind
   * @param otherwise why it has failed when it never is; takes the number of tries
   */
  <T> void eachMet(
      String name, int rounds, int tries, Map<Kind, T> served, Round<T> what, String otherwise)
      throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      T its = Objects.requireNonNull(served.get(Kind.of(round)));
      boolean met = false;
      for (int attempt = 0; attempt < tries && !met; attempt++) {
        met = what.meets(its, round, random(name, tries * round + attempt));
      }
      if (!met) {
        failure(name, round, otherwise.formatted(tries));
      }
    }
  }

  /** A folder for the logs of one case. */
  Path folder(String name) throws IOException {
    return Files.createDirectories(work.resolve(name));
  }

  void say(String text) {
    System.err.println(text);
  }

  /** Something that must hold did not, in this round. */
  void failure(String name, int round, String why) {
    report.failure(
        "./cleave bench chaos %s --seed %d --rounds %d%s (round %d)"
            .formatted(name, seed, round + 1, extent.longForm() ? " --long" : "", round),
        name + ", round " + round + ": " + why + "; logs in " + work);
  }
}

package dev.cleave.bench.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cleave bench chaos}: everything goes wrong, from a seed, and callers must not notice. */
@Command(
    name = "chaos",
    mixinStandardHelpOptions = true,
    description = {
      "Does to real processes whatever may go wrong, holds every answer against the undisturbed"
          + " one, and prints a table.",
      "Exit status 1 when something that must hold did not; never for a time."
    },
    footer = {
      "",
      "Cases:",
      "  kills     kill -9 of the server that holds a session, at a random moment",
      "  resume    kill -9 of the client, and --resume in another process",
      "  drain     SIGTERM of two servers in turn under sixteen sessions",
      "  link      a network that delays, stalls, narrows, splits, resets and swallows",
      "  hostile   mutated messages, raw HTTP/2, slow-loris, opens without an end, replays",
      "  strangers wrong tokens, unknown CAs, plaintext, another tenant's session",
      "  cost      tokens/s and step time with TLS, tokens and limits of tenants over without",
      "  soak      mixed load for an hour: nothing that a server holds grows",
      "",
      "Examples:",
      "  ./cleave bench chaos",
      "  ./cleave bench chaos link hostile --long",
      "  ./cleave bench chaos link --seed 7 --rounds 24",
      "  ./cleave bench chaos soak --minutes 60 --json"
    })
public final class ChaosCommand implements Callable<Integer> {
  private static final String ALL = "all";
  private static final int MOST_SEED = 1_000_000;

  private interface Case {
    void run(Setting setting) throws IOException, InterruptedException;
  }

  private static final Map<String, Case> CASES = cases();

  @Parameters(arity = "0..*", paramLabel = "CASE", description = "Which (default: all).")
  private List<String> names = List.of(ALL);

  @Option(names = "--long", description = "The numbers of the published table: hours.")
  private boolean longForm;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "From which all chance comes (default: drawn, and printed).")
  private @Nullable Long seed;

  @Option(names = "--rounds", paramLabel = "N", description = "Of each case, instead of its own.")
  private @Nullable Integer rounds;

  @Option(names = "--minutes", paramLabel = "M", description = "Of what runs for a time: soak.")
  private @Nullable Double minutes;

  @Option(names = "--json", description = "Print the table as JSON.")
  private boolean json;

  private static Map<String, Case> cases() {
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put(KillsCase.NAME, KillsCase::run);
    cases.put(ResumeCase.NAME, ResumeCase::run);
    cases.put(DrainCase.NAME, DrainCase::run);
    cases.put(LinkCase.NAME, LinkCase::run);
    cases.put(HostileCase.NAME, HostileCase::run);
    cases.put(StrangersCase.NAME, StrangersCase::run);
    cases.put(CostCase.NAME, CostCase::run);
    cases.put(SoakCase.NAME, SoakCase::run);
    return cases;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<String> wanted = new ArrayList<>();
    for (String name : names) {
      if (!name.equals(ALL) && !CASES.containsKey(name)) {
        System.err.printf(
            "cleave bench chaos: no case '%s', there are %s and all%n", name, CASES.keySet());
        return 2;
      }
      wanted.addAll(name.equals(ALL) ? CASES.keySet() : List.of(name));
    }
    long chosen = seed == null ? ThreadLocalRandom.current().nextInt(MOST_SEED) : seed;
    System.err.println("seed " + chosen);
    Path work = Files.createTempDirectory("cleave-chaos");
    Setting setting = Setting.of(work, chosen, extent());
    for (String name : wanted) {
      System.err.println(name + " ...");
      Objects.requireNonNull(CASES.get(name)).run(setting);
    }
    System.out.println(json ? setting.report().json(chosen) : setting.report().markdown(chosen));
    if (setting.report().held()) {
      delete(work);
      return 0;
    }
    System.err.println("the logs of the servers are in " + work);
    return 1;
  }

  private Setting.Extent extent() {
    return new Setting.Extent(
        longForm,
        rounds == null ? OptionalInt.empty() : OptionalInt.of(rounds),
        minutes == null ? OptionalDouble.empty() : OptionalDouble.of(minutes));
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}

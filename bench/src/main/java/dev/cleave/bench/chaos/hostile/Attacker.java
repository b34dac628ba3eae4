package dev.cleave.bench.chaos.hostile;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Runs attacks, each in a process of its own. */
public final class Attacker {
  private Attacker() {}

  /**
   * What came of an attack.
   *
   * @param total streams, connections or messages
   * @param faults of them after which the server was at fault
   * @param kept some of the faults in words
   * @param outcomes how often what
   */
  public record Result(long total, long faults, List<String> kept, String outcomes) {}

  /**
   * Attacks, and waits for the end.
   *
   * @param attack one of {@code messages}, {@code raw}, {@code slow}, {@code opens}, {@code
   *     replays}
   * @param port of the server
   * @param bundle that it serves
   * @param count how often
   */
  public static Result run(String attack, int port, Path bundle, long seed, int count)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                AttackerMain.class.getName(),
                attack,
                Integer.toString(port),
                bundle.toString(),
                Long.toString(seed),
                Integer.toString(count))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      List<String> lines = process.inputReader().lines().toList();
      int status = process.waitFor();
      if (status != 0) {
        throw new IOException(
            "the attacker '%s' ended with status %d".formatted(attack, status));
      }
      return new Result(
          Long.parseLong(value(lines, "total ").orElse("0")),
          Long.parseLong(value(lines, "faults ").orElse("0")),
          lines.stream().filter(line -> line.startsWith("fault ")).toList(),
          value(lines, "outcomes ").orElse(""));
    } finally {
      process.destroyForcibly();
    }
  }

  private static Optional<String> value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()))
        .findFirst();
  }
}

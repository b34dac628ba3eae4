package dev.cleave.bench.chaos.hostile;

import dev.cleave.bench.measure.JavaCommand;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process that attacks a server. It runs at the lowest priority where the system has one: in
 * truth an attacker computes on a machine of its own. Confined to one thread.
 */
public final class Attacker implements AutoCloseable {
  private static final Path NICE = Path.of("/usr/bin/nice");

  private final Process process;
  private final BufferedReader out;
  private final BufferedWriter in;

  private Attacker(Process process) {
    this.process = process;
    this.out = process.inputReader();
    this.in = process.outputWriter();
  }

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
   * Starts the process, which does nothing yet.
   *
   * @param port of the server
   * @param bundle that it serves
   */
  public static Attacker start(int port, Path bundle) throws IOException {
    return start(port, List.of(bundle.toString()), "");
  }

  /**
   * As {@link #start(int, Path)}, for a server with TLS and tokens.
   *
   * @param ca file of the CA that signed the server's certificate
   * @param token by which the attacker is let in
   */
  public static Attacker start(int port, Path bundle, Path ca, String token) throws IOException {
    return start(port, List.of(bundle.toString(), ca.toString()), token + "\n");
  }

  private static Attacker start(int port, List<String> arguments, String firstInput)
      throws IOException {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(NICE)) {
      command.addAll(List.of(NICE.toString(), "-n", "19"));
    }
    command.addAll(JavaCommand.of(List.of("-Xmx512m"), AttackerMain.class.getName()));
    command.add(Integer.toString(port));
    command.addAll(arguments);
    Attacker attacker =
        new Attacker(
            new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    try {
      attacker.in.write(firstInput);
      attacker.in.flush();
      attacker.lines();
      return attacker;
    } catch (IOException e) {
      attacker.close();
      throw e;
    }
  }

  /**
   * Attacks, and waits for the end.
   *
   * @param attack one of {@code messages}, {@code raw}, {@code slow}, {@code opens}, {@code
   *     replays}
   * @param count how often
   */
  public Result attack(String attack, long seed, int count) throws IOException {
    in.write("%s %d %d%n".formatted(attack, seed, count));
    in.flush();
    List<String> lines = lines();
    return new Result(
        Long.parseLong(value(lines, "total ").orElse("0")),
        Long.parseLong(value(lines, "faults ").orElse("0")),
        lines.stream().filter(line -> line.startsWith("fault ")).toList(),
        value(lines, "outcomes ").orElse(""));
  }

  private List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.equals(AttackerMain.END)) {
        return lines;
      }
      lines.add(line);
    }
    throw new IOException("the attacking process has ended before its attack did");
  }

  private static Optional<String> value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()))
        .findFirst();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}

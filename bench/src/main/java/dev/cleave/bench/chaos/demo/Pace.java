package dev.cleave.bench.chaos.demo;

import java.io.BufferedWriter;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Holds processes still and lets them go on, by SIGSTOP and SIGCONT: an answer of a small model is
 * over before one sees anything. Confined to one thread.
 */
final class Pace implements AutoCloseable {
  private final Process shell;
  private final BufferedWriter in;

  private Pace(Process shell) {
    this.shell = shell;
    this.in = shell.outputWriter();
  }

  static Pace start() throws IOException {
    return new Pace(
        new ProcessBuilder("sh")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  void hold(List<Long> processes) throws IOException {
    signal("STOP", processes);
  }

  void go(List<Long> processes) throws IOException {
    signal("CONT", processes);
  }

  /** One shell for all signals: a process for each would take longer than the answer. */
  private void signal(String name, List<Long> processes) throws IOException {
    String pids = processes.stream().map(Object::toString).collect(Collectors.joining(" "));
    in.write("kill -" + name + " " + pids + "\n");
    in.flush();
  }

  @Override
  public void close() {
    shell.destroyForcibly();
  }
}

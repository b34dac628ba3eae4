package dev.cleave.bench.chaos.fleet;

import dev.cleave.bench.measure.JavaCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * {@code cleave generate} in a process of its own, that may be killed while it prints. Confined to
 * one thread.
 */
public final class ClientProcess implements AutoCloseable {
  private static final String SESSION = "session ";
  private static final long END_SECONDS = 120;

  private final Process process;
  private final BufferedReader out;
  private final List<String> complaints = new ArrayList<>();
  private final CompletableFuture<String> session = new CompletableFuture<>();

  private ClientProcess(Process process) {
    this.process = process;
    this.out = process.inputReader(StandardCharsets.UTF_8);
    Thread.ofVirtual().start(this::readErrors);
  }

  /** Begins to answer a text. */
  public static ClientProcess generate(List<String> options, String text) throws IOException {
    List<String> all = new ArrayList<>(options);
    all.add(text);
    return start(all);
  }

  /** Goes on with an answer; the options say which. */
  public static ClientProcess resume(List<String> options) throws IOException {
    return start(options);
  }

  private static ClientProcess start(List<String> options) throws IOException {
    List<String> command =
        JavaCommand.of(List.of("-Dstdout.encoding=UTF-8"), "dev.cleave.edge.cli.Main");
    command.add("generate");
    command.addAll(options);
    Process process = new ProcessBuilder(command).start();
    process.getOutputStream().close();
    return new ClientProcess(process);
  }

  private void readErrors() {
    try (BufferedReader errors = process.errorReader(StandardCharsets.UTF_8)) {
      for (String line = errors.readLine(); line != null; line = errors.readLine()) {
        if (line.startsWith(SESSION)) {
          session.complete(line.substring(SESSION.length()).strip());
        } else {
          synchronized (complaints) {
            complaints.add(line);
          }
        }
      }
    } catch (IOException killed) {
      // nothing more comes
    }
    session.completeExceptionally(new IOException("it named no session: " + complaints()));
  }

  private List<String> complaints() {
    synchronized (complaints) {
      return List.copyOf(complaints);
    }
  }

  /** The session that it has begun, which it says before it answers. */
  public String session() throws IOException {
    try {
      return session.orTimeout(END_SECONDS, TimeUnit.SECONDS).join();
    } catch (RuntimeException e) {
      throw new IOException("cleave generate did not begin: " + complaints(), e);
    }
  }

  /**
   * Reads so many characters, or all there are, and kills the process.
   *
   * @return what it has printed: those, and what was under way
   */
  public String readThenKill(int characters) throws IOException, InterruptedException {
    StringBuilder text = new StringBuilder();
    int read = 0;
    while (text.length() < characters && read >= 0) {
      read = out.read();
      if (read >= 0) {
        text.append((char) read);
      }
    }
    process.destroyForcibly().waitFor();
    text.append(rest(out));
    return text.toString();
  }

  /** All that it prints, when it has ended as it should. */
  public String readAll() throws IOException, InterruptedException {
    String text = rest(out);
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("cleave generate did not end well: " + complaints());
    }
    return text;
  }

  private static String rest(Reader reader) throws IOException {
    StringBuilder text = new StringBuilder();
    char[] buffer = new char[1024];
    try {
      for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
        text.append(buffer, 0, n);
      }
    } catch (IOException killed) {
      // the JDK closes the pipe of a process that has ended
    }
    return text.toString();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}

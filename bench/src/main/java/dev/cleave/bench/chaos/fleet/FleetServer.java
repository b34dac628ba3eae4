package dev.cleave.bench.chaos.fleet;

import dev.cleave.bench.measure.JavaCommand;
import dev.cleave.bench.measure.PortFile;
import dev.cleave.bench.measure.ServerProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A decoder server in a process of its own, from this process's class path, that may be killed at
 * any moment. It ends with this process at the latest. Thread-safe.
 */
public final class FleetServer implements AutoCloseable {
  /** Any free port. */
  public static final int ANY_PORT = 0;

  private static final long END_SECONDS = 120;
  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(10);
  private static final Pattern METRICS = Pattern.compile("metrics=([0-9]+)");
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final Process process;
  private final Path log;
  private final int port;
  private final int metricsPort;
  private final Thread atExit;

  private FleetServer(Process process, Path log, int port, int metricsPort, Thread atExit) {
    this.process = process;
    this.log = log;
    this.port = port;
    this.metricsPort = metricsPort;
    this.atExit = atExit;
  }

  /**
   * Starts {@code serve --bundle bundle} on these terms and waits until it takes sessions.
   *
   * @param folder an empty one of its own, for its log
   * @param port to listen on, or {@link #ANY_PORT}
   */
  static FleetServer start(Path folder, Path bundle, int port, ServeTerms terms)
      throws IOException, InterruptedException {
    Path portFile = folder.resolve("port");
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command(bundle, port, portFile, terms.options()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(terms.environment());
    Process process = builder.start();
    Thread atExit = new Thread(process::destroyForcibly, "kill-" + process.pid());
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      int listening = PortFile.await(process, portFile, log);
      return new FleetServer(process, log, listening, metricsPort(log), atExit);
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
      forget(atExit);
      throw e;
    }
  }

  private static List<String> command(Path bundle, int port, Path portFile, List<String> options) {
    List<String> command =
        JavaCommand.of(
            // The whole heap is resident from the start: what grows later is native.
            List.of(
                "-Xms256m",
                "-Xmx256m",
                "-XX:+AlwaysPreTouch",
                "-XX:TrimNativeHeapInterval=60000"), // as the launcher starts it
            ServerProcess.MAIN);
    command.addAll(
        List.of(
            "--bundle",
            bundle.toString(),
            "--port",
            Integer.toString(port),
            "--port-file",
            portFile.toString(),
            "--threads",
            "1"));
    command.addAll(options);
    return command;
  }

  private static int metricsPort(Path log) throws IOException {
    Matcher matcher = METRICS.matcher(Files.readString(log));
    if (!matcher.find()) {
      throw new IOException("the log names no metrics port: " + log);
    }
    return Integer.parseInt(matcher.group(1));
  }

  /** Where clients connect to. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /** The port that it listens on. */
  public int port() {
    return port;
  }

  /** Of the process. */
  public long pid() {
    return process.pid();
  }

  /** Whether the process lives. */
  public boolean alive() {
    return process.isAlive();
  }

  /** Where the process writes what it has to say. */
  public Path log() {
    return log;
  }

  /** The value of a meter without tags, by its name on the metrics page. */
  public double metric(String name) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + metricsPort + "/metrics"))
            .timeout(ASK_TIMEOUT)
            .build();
    String page = HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    Matcher matcher =
        Pattern.compile("^" + Pattern.quote(name) + " ([-+0-9.eE]+)$", Pattern.MULTILINE)
            .matcher(page);
    if (!matcher.find()) {
      throw new IOException("the metrics page has no " + name);
    }
    return Double.parseDouble(matcher.group(1));
  }

  /** SIGKILL: returns once it is sent. */
  public void kill() {
    process.destroyForcibly();
  }

  /** SIGTERM, and the exit status when the process has ended. */
  public int terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
      kill();
      throw new IllegalStateException(
          "a server ignored SIGTERM for %d s, see %s".formatted(END_SECONDS, log));
    }
    return process.exitValue();
  }

  /** Waits until a killed process is gone, and its port free. */
  public void awaitEnd() throws InterruptedException {
    process.waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
    forget(atExit);
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException endsAlready) {
      // then the hook runs
    }
  }
}

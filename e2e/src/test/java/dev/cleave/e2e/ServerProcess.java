package dev.cleave.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The server half as its users run it: the distribution's jars in a process of its own, on a free
 * loopback port. Closing it sends SIGTERM and waits. Confined to one thread.
 */
final class ServerProcess implements AutoCloseable {
  static final Path HOME = Path.of(System.getProperty("cleave.home", "..")).toAbsolutePath();
  private static final long START_SECONDS = 120;

  private final Process process;
  private final Path folder;
  private final int port;

  private ServerProcess(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /** Starts {@code serve --bundle bundle options...} and waits until it listens. */
  static ServerProcess start(Path bundle, String... options) throws IOException {
    Path folder = Files.createTempDirectory("cleave-server");
    Path portFile = folder.resolve("port");
    List<String> command =
        new ArrayList<>(
            command(
                "decoder-server",
                "dev.cleave.server.cli.ServeMain",
                "--bundle",
                bundle.toString()));
    command.addAll(List.of("--port", "0", "--port-file", portFile.toString()));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!Files.exists(portFile)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        process.destroyForcibly();
        String log = Files.readString(folder.resolve("log"));
        deleteFolder(folder);
        throw new IOException("server process did not start:\n" + log);
      }
      pause();
    }
    String text = Files.readString(portFile).strip();
    int port = Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
    return new ServerProcess(process, folder, port);
  }

  /** A java command line for one distribution's main class. */
  static List<String> command(String module, String mainClass, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            // The whole heap is resident from the start: what grows later is native.
            "-Xms256m",
            "-Xmx256m",
            "-XX:+AlwaysPreTouch",
            // As the launcher starts it.
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            HOME.resolve(module).resolve("target/dist/lib") + "/*",
            mainClass));
    command.addAll(List.of(arguments));
    return command;
  }

  int port() {
    return port;
  }

  String address() {
    return "127.0.0.1:" + port;
  }

  long pid() {
    return process.pid();
  }

  /** All that the process wrote to stdout and stderr so far. */
  String log() throws IOException {
    return Files.readString(folder.resolve("log"));
  }

  /** Sends SIGTERM and returns the exit status. */
  int terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("server process ignored SIGTERM for 60 s");
    }
    return process.exitValue();
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    deleteFolder(folder);
  }

  static void deleteFolder(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the server process started", e);
    }
  }
}

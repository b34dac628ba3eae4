package dev.cleave.bench.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The server half as its users run it, in a process of its own on a free loopback port, from this
 * process's class path. Closing it ends it. Confined to one thread.
 */
public final class ServerProcess implements AutoCloseable {
  /** The main class of the server distribution. */
  public static final String MAIN = "dev.cleave.server.cli.ServeMain";

  private final Process process;
  private final int port;

  private ServerProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts {@code serve --bundle bundle options...} and waits until it takes sessions.
   *
   * @param threads of one computation
   */
  public static ServerProcess start(Path bundle, int threads, List<String> options)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("cleave-server");
    Path portFile = folder.resolve("port");
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(command(bundle, threads, portFile, options))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      return new ServerProcess(process, PortFile.await(process, portFile, log));
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
      throw e;
    } finally {
      // The process goes on writing to the log that has no name any more.
      Files.deleteIfExists(portFile);
      Files.deleteIfExists(log);
      Files.delete(folder);
    }
  }

  private static List<String> command(
      Path bundle, int threads, Path portFile, List<String> options) {
    List<String> command = JavaCommand.of(List.of(), MAIN);
    command.addAll(
        List.of(
            "--bundle",
            bundle.toString(),
            "--port",
            "0",
            "--port-file",
            portFile.toString(),
            "--metrics-port",
            "off",
            "--threads",
            Integer.toString(threads)));
    command.addAll(options);
    return command;
  }

  /** The loopback port it listens on. */
  public int port() {
    return port;
  }

  /** Where clients connect to. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /** Ends the process and waits for that. */
  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}

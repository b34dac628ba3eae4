package dev.cleave.server.cli;

import dev.cleave.server.ServerException;
import dev.cleave.server.rpc.DecoderServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From ready to the end of the process. */
final class ServeLifetime {

  private static final Logger LOG = LoggerFactory.getLogger(ServeLifetime.class);

  private ServeLifetime() {}

  /**
   * Waits for SIGTERM or SIGINT, drains, closes the server, and ends the process with status 0.
   * Returns only when the calling thread is interrupted.
   */
  static void awaitSignalAndDrain(DecoderServer server, @Nullable Path portFile) {
    Thread hook =
        new Thread(
            () -> {
              end(server, portFile);
              // A signal's own exit status would be 143; an orderly end is a success.
              Runtime.getRuntime().halt(0);
            },
            "cleave-shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Runtime.getRuntime().removeShutdownHook(hook);
      end(server, portFile);
    }
  }

  private static void end(DecoderServer server, @Nullable Path portFile) {
    LOG.info("server=draining sessions={}", server.openSessions());
    try {
      if (portFile != null) {
        Files.deleteIfExists(portFile);
      }
    } catch (IOException e) {
      LOG.warn("port_file={} outcome=left cause={}", portFile, e.getClass().getName());
    }
    boolean drained = server.drain();
    LOG.info("server=drained complete={}", drained);
    server.close();
  }

  /** Readers see the whole text or no file. */
  static void writeAtomically(Path file, String text) {
    Path absolute = file.toAbsolutePath();
    Path temporary = absolute.resolveSibling(absolute.getFileName() + ".new");
    try {
      Files.writeString(temporary, text);
      Files.move(
          temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ServerException(
          "write the port file", file.toString(), "choose a writable --port-file", e);
    }
  }
}

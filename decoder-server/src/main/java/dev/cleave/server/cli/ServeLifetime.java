package dev.cleave.server.cli;

import dev.cleave.server.ServerException;
import dev.cleave.server.rpc.DecoderServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From ready to the end of the process. */
final class ServeLifetime {

  private static final Logger LOG = LoggerFactory.getLogger(ServeLifetime.class);

  /** EX_SOFTWARE of sysexits.h: the process cannot go on, another one can. */
  static final int ENGINE_LOST_STATUS = 70;

  private static final int KILLED_STATUS = 143;

  private ServeLifetime() {}

  /**
   * Waits for SIGTERM or SIGINT, or until the calling thread is interrupted; drains and closes the
   * server. A second signal ends the drain, a third the process. When the engine is lost the
   * process ends with status 70: its supervisor starts another one.
   */
  static void awaitSignalAndDrain(DecoderServer server, @Nullable Path portFile) {
    var _ =
        server
            .engineLost()
            .thenAccept(loss -> {
              LOG.error("server=lost engine={} exit={}", loss, ENGINE_LOST_STATUS);
              remove(portFile);
              // Nothing orderly is left: the native call can be neither interrupted nor freed.
              Runtime.getRuntime().halt(ENGINE_LOST_STATUS);
            });
    CountDownLatch asked = new CountDownLatch(1);
    AtomicInteger signals = new AtomicInteger();
    Signals.on(
        List.of("TERM", "INT"),
        () -> {
          switch (signals.incrementAndGet()) {
            case 1 -> asked.countDown();
            case 2 -> server.hurry();
            default -> Runtime.getRuntime().halt(KILLED_STATUS);
          }
        });
    try {
      asked.await();
    } catch (InterruptedException e) {
      LOG.info("server=interrupted");
    }
    LOG.info("server=draining sessions={}", server.openSessions());
    remove(portFile);
    boolean drained = server.drain();
    LOG.info("server=drained complete={}", drained);
    server.close();
  }

  private static void remove(@Nullable Path portFile) {
    try {
      if (portFile != null) {
        Files.deleteIfExists(portFile);
      }
    } catch (IOException e) {
      LOG.warn("port_file={} outcome=left cause={}", portFile, e.getClass().getName());
    }
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

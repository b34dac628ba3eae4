package dev.cleave.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.util.List;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/** Sets up logging: to stderr, and never with what a session computes. */
public final class LogPolicy {

  private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %logger{0} %msg%n%ex";

  // java.util.logging keeps its loggers weakly: a level set on a forgotten one is lost.
  private static final List<Logger> PINNED =
      List.of(Logger.getLogger("io.grpc"), Logger.getLogger("io.netty"));

  private LogPolicy() {}

  /**
   * Puts the floor under the libraries' loggers, whatever the configuration says. Idempotent; does
   * nothing to a logging system other than logback's, where the embedding program is responsible.
   */
  public static void enforceFloor() {
    PINNED.forEach(logger -> logger.setLevel(java.util.logging.Level.INFO));
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      synchronized (context) {
        if (context.getTurboFilterList().stream().noneMatch(LibraryLogFloor.class::isInstance)) {
          LibraryLogFloor floor = new LibraryLogFloor();
          floor.setContext(context);
          floor.start();
          context.addTurboFilter(floor);
        }
      }
    }
  }

  /**
   * Logs to stderr at {@code level} in place of any other configuration, with the floor.
   *
   * @param level of Cleave's own loggers: error, warn, info, debug, trace
   */
  public static void toStderr(String level) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.reset();
      PatternLayoutEncoder encoder = new PatternLayoutEncoder();
      encoder.setContext(context);
      encoder.setPattern(PATTERN);
      encoder.start();
      ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
      appender.setContext(context);
      appender.setTarget("System.err");
      appender.setEncoder(encoder);
      appender.start();
      context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
      context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
      context.getLogger("dev.cleave").setLevel(Level.toLevel(level, Level.INFO));
    }
    enforceFloor();
  }
}

package dev.cleave.server.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;

/**
 * Denies everything below INFO that does not come from Cleave, at any configured level.
 *
 * <p>Below INFO the transport dumps HTTP/2 frames in hexadecimal, and with them hidden states and
 * token ids. A level is easily lowered in a moment of need; this filter is not.
 */
public final class LibraryLogFloor extends TurboFilter {

  private static final String OWN = "dev.cleave";

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable t) {
    String name = logger.getName();
    boolean own = name.equals(OWN) || name.startsWith(OWN + ".");
    return own || level.isGreaterOrEqual(Level.INFO) ? FilterReply.NEUTRAL : FilterReply.DENY;
  }
}

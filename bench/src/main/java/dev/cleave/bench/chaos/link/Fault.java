package dev.cleave.bench.chaos.link;

import java.time.Duration;
import java.util.StringJoiner;

/**
 * What one direction of a connection does to its bytes. Immutable.
 *
 * @param mostDelayNanos each piece is late by a random time up to this; order stays
 * @param bitsPerSecond may be infinite
 * @param pieceBytes the most bytes that are written at once; 1 splits at every byte
 * @param at what happens once so many bytes have passed
 */
public record Fault(long mostDelayNanos, double bitsPerSecond, int pieceBytes, At at) {
  /** Pieces as they come. */
  public static final int ANY_PIECE = 4 << 10;

  /** Nothing at all. */
  public static final Fault NONE =
      new Fault(0, Double.POSITIVE_INFINITY, ANY_PIECE, new At.Nothing());

  /** What happens at one byte of the direction. */
  public sealed interface At {
    /** Nothing does. */
    record Nothing() implements At {}

    /**
     * Nothing passes for a while.
     *
     * @param afterBytes that have passed before
     */
    record Stall(long afterBytes, long nanos) implements At {}

    /**
     * Both sides get a reset.
     *
     * @param afterBytes that have passed before
     */
    record Reset(long afterBytes) implements At {}

    /**
     * From here on all is swallowed, and nobody is told.
     *
     * @param afterBytes that have passed before
     */
    record Swallow(long afterBytes) implements At {}
  }

  /** This with delays. */
  public Fault delayed(Duration most) {
    return new Fault(most.toNanos(), bitsPerSecond, pieceBytes, at);
  }

  /** This at a rate. */
  public Fault narrowed(double newBitsPerSecond) {
    return new Fault(mostDelayNanos, newBitsPerSecond, pieceBytes, at);
  }

  /** This in single bytes. */
  public Fault splitAtEveryByte() {
    return new Fault(mostDelayNanos, bitsPerSecond, 1, at);
  }

  /** This with something that happens. */
  public Fault with(At what) {
    return new Fault(mostDelayNanos, bitsPerSecond, pieceBytes, what);
  }

  /** In words, for who wants to reproduce it. */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ").setEmptyValue("nothing");
    if (mostDelayNanos > 0) {
      text.add("delay to %d ms".formatted(mostDelayNanos / 1_000_000));
    }
    if (Double.isFinite(bitsPerSecond)) {
      text.add("%.0f kbit/s".formatted(bitsPerSecond / 1e3));
    }
    if (pieceBytes == 1) {
      text.add("split at every byte");
    }
    switch (at) {
      case At.Nothing() -> {}
      case At.Stall(long after, long nanos) ->
          text.add("stall of %d ms behind byte %d".formatted(nanos / 1_000_000, after));
      case At.Reset(long after) -> text.add("reset behind byte " + after);
      case At.Swallow(long after) -> text.add("half-open behind byte " + after);
    }
    return text.toString();
  }
}

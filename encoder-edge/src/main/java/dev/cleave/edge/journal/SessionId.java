package dev.cleave.edge.journal;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a session, on the wire and on disk: 128 random bits. Immutable.
 *
 * @param high half
 * @param low half
 */
public record SessionId(long high, long low) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{32}");

  /** One that nobody has. */
  public static SessionId draw(SecureRandom random) {
    return new SessionId(random.nextLong(), random.nextLong());
  }

  /** Reads 32 digits of hex. */
  public static SessionId parse(String text) {
    return tryParse(text)
        .orElseThrow(() ->
            CleaveException.fatal(
                Code.INPUT,
                "'%s' is not the id of a session, which is 32 digits of hex".formatted(text),
                "give the one that was printed when the session began"));
  }

  /** As {@link #parse}; empty where it is something else. */
  static Optional<SessionId> tryParse(String text) {
    return HEX.matcher(text).matches()
        ? Optional.of(
            new SessionId(
                HexFormat.fromHexDigitsToLong(text, 0, 16),
                HexFormat.fromHexDigitsToLong(text, 16, 32)))
        : Optional.empty();
  }

  byte[] bytes() {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low).array();
  }

  @Override
  public String toString() {
    return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
  }
}

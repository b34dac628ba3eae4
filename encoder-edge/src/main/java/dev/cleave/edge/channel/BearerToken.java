package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Where the token lies that says on whose behalf a device calls. It is read anew for each call, so
 * that it can be renewed. Neither this nor a failure of it shows the token. Immutable.
 */
public final class BearerToken {
  /** What fits into the headers that a server takes, beside the others. */
  public static final int MAX_CHARS = 6 << 10;

  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._~+/=-]+");

  /** Gives the token as it is written there. */
  private interface Source {
    String read() throws IOException;
  }

  private final String place;
  private final Source source;

  private BearerToken(String place, Source source) {
    this.place = place;
    this.source = source;
  }

  /** The token that is in this file, alone, at the time of each call. */
  public static BearerToken in(Path file) {
    return new BearerToken(
        "the file " + file,
        () -> {
          try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_CHARS + 2), StandardCharsets.ISO_8859_1);
          }
        });
  }

  /**
   * This token itself.
   *
   * @param place where it came from, for messages
   */
  public static BearerToken of(String token, String place) {
    return new BearerToken(place, () -> token);
  }

  /**
   * The value of the header.
   *
   * @throws CleaveException where it cannot be read or is no token
   */
  public String header() {
    String token;
    try {
      token = source.read().strip();
    } catch (IOException e) {
      throw refused("cannot be read (" + e.getClass().getSimpleName() + ")").causedBy(e);
    }
    if (token.length() > MAX_CHARS) {
      throw refused("has more than %d characters".formatted(MAX_CHARS));
    }
    if (!FORM.matcher(token).matches()) {
      throw refused(token.isEmpty() ? "is empty" : "has characters that no token has");
    }
    return "Bearer " + token;
  }

  private CleaveException refused(String why) {
    return CleaveException.fatal(
        Code.INPUT,
        "the token in %s %s".formatted(place, why),
        "put a JSON Web Token there, and nothing else");
  }

  @Override
  public String toString() {
    return "BearerToken[" + place + "]";
  }
}

package dev.cleave.edge.journal;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.subtle.AesGcmJce;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;

/**
 * The key that wraps the keys of a device's journals: 32 bytes, in base64 where it is written. Not
 * printable. Thread-safe.
 */
public final class SessionKey {
  /** The variable of the environment that may hold it. */
  public static final String ENVIRONMENT = "CLEAVE_SESSION_KEY";

  static final int BYTES = 32;

  private static final int MOST_FILE_BYTES = 1024;

  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final Aead aead;

  private SessionKey(Aead aead) {
    this.aead = aead;
  }

  /** Reads a file that its owner alone may read, as {@code cleave keys session} makes it. */
  public static SessionKey read(Path file) {
    try {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
        Set<PosixFilePermission> others = EnumSet.copyOf(OF_OTHERS);
        others.retainAll(Files.getPosixFilePermissions(file));
        if (!others.isEmpty()) {
          throw refused(
              "the session key in %s can be read or written by others".formatted(file),
              "run chmod 600 " + file);
        }
      }
      try (InputStream in = Files.newInputStream(file)) {
        return parse(
            new String(in.readNBytes(MOST_FILE_BYTES), StandardCharsets.US_ASCII), file.toString());
      }
    } catch (IOException e) {
      throw refused(
              "could not read the session key in " + file,
              "check the path, or make one with cleave keys session --out " + file)
          .causedBy(e);
    }
  }

  /**
   * Reads base64.
   *
   * @param where it was found, for the message of a failure
   */
  public static SessionKey parse(String base64, String where) {
    byte[] key;
    try {
      key = Base64.getDecoder().decode(base64.strip());
    } catch (IllegalArgumentException e) {
      // Not as a cause: its message quotes the text.
      throw refused("the session key in %s is not base64".formatted(where), HOW_TO_MAKE);
    }
    if (key.length != BYTES) {
      throw refused(
          "the session key in %s has %d bytes where it needs %d"
              .formatted(where, key.length, BYTES),
          HOW_TO_MAKE);
    }
    return new SessionKey(aead(key));
  }

  private static final String HOW_TO_MAKE = "make one with cleave keys session --out FILE";

  Aead aead() {
    return aead;
  }

  /** AES-256-GCM; the bytes are overwritten. */
  static Aead aead(byte[] key) {
    try {
      return new AesGcmJce(key);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java has no AES-GCM", e);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  private static CleaveException refused(String what, String next) {
    return CleaveException.fatal(Code.INPUT, what, next);
  }
}

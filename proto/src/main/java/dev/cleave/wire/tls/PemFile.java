package dev.cleave.wire.tls;

import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** What one PEM file holds, checked. */
final class PemFile {
  /** A bundle of all public roots has some 250 KiB. */
  private static final int MAX_BYTES = 1 << 20;

  private static final String KEYS = "renew it, for instance with `cleave keys tls --force`";

  private PemFile() {}

  /** All certificates, at least one; the first may not have expired. */
  static List<X509Certificate> certificates(Path file) {
    byte[] bytes = read(file);
    List<X509Certificate> found;
    try {
      found = List.of(CertificateUtils.getX509Certificates(new ByteArrayInputStream(bytes)));
    } catch (GeneralSecurityException e) {
      throw new UnusableFile(file, "it is no PEM file of certificates", KEYS, e);
    }
    if (found.isEmpty()) {
      throw new UnusableFile(file, "it holds no certificate", KEYS, null);
    }
    Instant end = found.getFirst().getNotAfter().toInstant();
    if (end.isBefore(Instant.now())) {
      throw new UnusableFile(file, "its certificate expired at " + end, KEYS, null);
    }
    return found;
  }

  /** The private key, in PKCS #8 and not encrypted. */
  static PrivateKey key(Path file) {
    byte[] bytes = read(file);
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(bytes));
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      // Without the cause: what it says may be of the key.
      throw new UnusableFile(
          file,
          "it holds no private key that can be read",
          "give one in PEM and PKCS #8, such as `cleave keys tls` writes and"
              + " `openssl pkcs8 -topk8 -nocrypt` converts to",
          null);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private static byte[] read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new UnusableFile(
            file, "it has more than " + MAX_BYTES + " bytes", "give the right file", null);
      }
      return bytes;
    } catch (IOException e) {
      throw new UnusableFile(
          file, "it cannot be read (" + e.getClass().getSimpleName() + ")", "check the path", e);
    }
  }
}

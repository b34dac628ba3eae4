package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The files of TLS on a device, all PEM. They may be replaced while they are in use. Immutable.
 *
 * @param ca the CAs that servers must have a certificate of; none are the JDK's public roots
 * @param certificate what the device proves itself with, where servers ask for it
 * @param key of that certificate
 * @param name what the server's certificate must be for, where it is not the name or the address
 *     that is connected to
 */
public record TlsFiles(
    Optional<Path> ca, Optional<Path> certificate, Optional<Path> key, Optional<String> name) {
  private static final TlsFiles PUBLIC_ROOTS =
      new TlsFiles(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  public TlsFiles {
    if (certificate.isPresent() != key.isPresent()) {
      throw CleaveException.fatal(
          Code.INPUT,
          certificate.isPresent()
              ? "the certificate %s was given without its key".formatted(certificate.get())
              : "the key %s was given without its certificate".formatted(key.orElseThrow()),
          "give both, or neither");
    }
  }

  /** Servers of public CAs, and no certificate of the device's own. */
  public static TlsFiles publicRoots() {
    return PUBLIC_ROOTS;
  }

  /** Servers of this CA, and no certificate of the device's own. */
  public static TlsFiles trusting(Path ca) {
    return new TlsFiles(Optional.of(ca), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** This with a certificate of the device's own. */
  public TlsFiles withIdentity(Path newCertificate, Path newKey) {
    return new TlsFiles(ca, Optional.of(newCertificate), Optional.of(newKey), name);
  }

  /** This with the name that the server's certificate must be for. */
  public TlsFiles withName(String newName) {
    return new TlsFiles(ca, certificate, key, Optional.of(newName));
  }
}

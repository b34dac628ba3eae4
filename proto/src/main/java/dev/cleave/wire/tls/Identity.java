package dev.cleave.wire.tls;

import io.grpc.util.AdvancedTlsX509KeyManager;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * What one side proves itself with: a certificate and its key. New files are taken into use for new
 * connections as soon as they are seen; what cannot be used is reported and the old stays.
 * Thread-safe.
 */
public final class Identity implements AutoCloseable {
  private final AdvancedTlsX509KeyManager manager = new AdvancedTlsX509KeyManager();
  private final Path certificate;
  private final Path key;
  private final FileWatch watch;

  private Identity(Path certificate, Path key, Duration period) {
    this.certificate = certificate;
    this.key = key;
    this.watch = FileWatch.start(List.of(certificate, key), period, this::load);
  }

  /**
   * Reads the files and goes on watching them.
   *
   * @param certificate PEM, the own one first and then those up to the CA
   * @param key PEM, PKCS #8
   * @param period between looks at the files
   * @throws UnusableFile where one is missing, broken, expired, or not of the other
   */
  public static Identity open(Path certificate, Path key, Duration period) {
    return new Identity(certificate, key, period);
  }

  /** What a TLS context takes. */
  public X509ExtendedKeyManager manager() {
    return manager;
  }

  private void load() {
    List<X509Certificate> chain = PemFile.certificates(certificate);
    PrivateKey secret = PemFile.key(key);
    if (!belongs(secret, chain.getFirst())) {
      throw new UnusableFile(
          key,
          "it is not the key of the certificate in " + certificate,
          "give the two that were made together",
          null);
    }
    manager.updateIdentityCredentials(chain.toArray(new X509Certificate[0]), secret);
  }

  private static boolean belongs(PrivateKey secret, X509Certificate certificate) {
    String algorithm =
        switch (secret.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> secret.getAlgorithm();
        };
    try {
      byte[] probe = {'c', 'l', 'e', 'a', 'v', 'e'};
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(secret);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(probe);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}

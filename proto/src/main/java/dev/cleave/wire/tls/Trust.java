package dev.cleave.wire.tls;

import io.grpc.util.AdvancedTlsX509TrustManager;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Whom one side believes: the CAs of a file. New ones are taken into use for new connections as
 * soon as they are seen; what cannot be used is reported and the old ones stay. Thread-safe.
 */
public final class Trust implements AutoCloseable {
  private final AdvancedTlsX509TrustManager manager;
  private final Path file;
  private final FileWatch watch;

  private Trust(AdvancedTlsX509TrustManager manager, Path file, Duration period) {
    this.manager = manager;
    this.file = file;
    this.watch = FileWatch.start(List.of(file), period, this::load);
  }

  /**
   * In servers that have a certificate of one of these CAs and the name that was asked for.
   *
   * @param period between looks at the file
   * @throws UnusableFile where it is missing, broken or expired
   */
  public static Trust inServers(Path file, Duration period) {
    return open(
        file,
        period,
        AdvancedTlsX509TrustManager.Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION);
  }

  /**
   * In clients that have a certificate of one of these CAs, wherever they are.
   *
   * @param period between looks at the file
   * @throws UnusableFile where it is missing, broken or expired
   */
  public static Trust inClients(Path file, Duration period) {
    return open(
        file, period, AdvancedTlsX509TrustManager.Verification.CERTIFICATE_ONLY_VERIFICATION);
  }

  private static Trust open(
      Path file, Duration period, AdvancedTlsX509TrustManager.Verification verification) {
    try {
      return new Trust(
          AdvancedTlsX509TrustManager.newBuilder().setVerification(verification).build(),
          file,
          period);
    } catch (CertificateException e) {
      throw new IllegalStateException("this JDK has no trust manager", e);
    }
  }

  /** What a TLS context takes. */
  public X509ExtendedTrustManager manager() {
    return manager;
  }

  private void load() {
    List<X509Certificate> authorities = PemFile.certificates(file);
    try {
      manager.updateTrustCredentials(authorities.toArray(new X509Certificate[0]));
    } catch (GeneralSecurityException | IOException e) {
      throw new UnusableFile(
          file, "its certificates cannot be trusted", "give the CA's certificate", e);
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}

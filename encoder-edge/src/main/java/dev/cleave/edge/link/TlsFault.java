package dev.cleave.edge.link;

import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why two sides do not come to terms about TLS, where that is certain: it will be so the next time
 * too. Immutable.
 *
 * @param what happened
 * @param next the next move
 */
record TlsFault(String what, String next) {
  private static final String ALERT = "Received fatal alert: ";

  /** The fault behind a failed call, the innermost first; empty where it is of another kind. */
  static Optional<TlsFault> behind(@Nullable Throwable failure) {
    if (failure == null) {
      return Optional.empty();
    }
    Optional<TlsFault> deeper = behind(failure.getCause());
    return deeper.isPresent() ? deeper : Optional.ofNullable(of(failure));
  }

  private static @Nullable TlsFault of(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case CertificateExpiredException _ ->
          new TlsFault(
              "the server's certificate has expired",
              "renew it on the server, which takes new files as they come, and check this device's"
                  + " clock");
      case CertificateNotYetValidException _ ->
          new TlsFault("the server's certificate is not valid yet", "check this device's clock");
      case CertPathBuilderException _ -> unknownCa();
      case CertPathValidatorException _ -> unknownCa();
      case CertificateException _ when message.contains("subject alternative") ->
          new TlsFault(
              "the server's certificate is for another name",
              "connect to a name that it is for, or say with --tls-name which one it must be for");
      case NotSslRecordException _ ->
          new TlsFault(
              "the server does not speak TLS",
              "start it with --tls-cert and --tls-key; plaintext is for 127.0.0.1 without options of"
                  + " TLS");
      case SSLException _ when message.contains(ALERT) ->
          ofAlert(message.substring(message.indexOf(ALERT) + ALERT.length()));
      default -> null;
    };
  }

  private static TlsFault unknownCa() {
    return new TlsFault(
        "the server's certificate is not of a CA that this device believes",
        "give the server's CA with --tls-ca");
  }

  private static @Nullable TlsFault ofAlert(String alert) {
    return switch (alert) {
      case "certificate_required" ->
          new TlsFault(
              "the server asks for a certificate of this device",
              "give one with --tls-cert and --tls-key");
      case "bad_certificate",
          "unsupported_certificate",
          "certificate_revoked",
          "certificate_expired",
          "certificate_unknown",
          "unknown_ca",
          "access_denied" ->
          new TlsFault(
              "the server refuses this device's certificate (" + alert + ")",
              "get a new one from the CA that the server was started with");
      case "protocol_version", "handshake_failure", "no_application_protocol" ->
          new TlsFault(
              "the server does not speak HTTP/2 over TLS 1.3 (" + alert + ")",
              "check that it is a Cleave server of this version");
      default -> null;
    };
  }
}

package dev.cleave.edge.channel;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.wire.tls.Identity;
import dev.cleave.wire.tls.Trust;
import dev.cleave.wire.tls.UnusableFile;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The device's end of TLS 1.3, with files that are watched until it is closed. Thread-safe. */
final class ClientTls implements AutoCloseable {
  private final @Nullable Trust trust;
  private final @Nullable Identity identity;
  private final SslContext context;
  private final Optional<String> name;

  private ClientTls(
      @Nullable Trust trust,
      @Nullable Identity identity,
      SslContext context,
      Optional<String> name) {
    this.trust = trust;
    this.identity = identity;
    this.context = context;
    this.name = name;
  }

  /**
   * @param period between looks at the files
   * @throws CleaveException where a file cannot be used
   */
  static ClientTls open(TlsFiles files, Duration period) {
    Trust trust = null;
    Identity identity = null;
    try {
      SslContextBuilder builder =
          // The JDK's own: it speaks ALPN, and is one native library less to trust.
          GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
              .protocols("TLSv1.3");
      if (files.ca().isPresent()) {
        trust = Trust.inServers(files.ca().get(), period);
        builder.trustManager(trust.manager());
      }
      if (files.certificate().isPresent() && files.key().isPresent()) {
        identity = Identity.open(files.certificate().get(), files.key().get(), period);
        builder.keyManager(identity.manager());
      }
      return new ClientTls(trust, identity, builder.build(), files.name());
    } catch (UnusableFile e) {
      close(trust, identity);
      throw CleaveException.fatal(
              Code.INPUT, "cannot secure the link", String.valueOf(e.getMessage()))
          .causedBy(e);
    } catch (SSLException e) {
      close(trust, identity);
      throw new IllegalStateException("this JDK has no TLS 1.3", e);
    }
  }

  SslContext context() {
    return context;
  }

  /** The name that servers must prove, where it is not the one that is connected to. */
  Optional<String> name() {
    return name;
  }

  @Override
  public void close() {
    close(trust, identity);
  }

  private static void close(@Nullable Trust trust, @Nullable Identity identity) {
    if (trust != null) {
      trust.close();
    }
    if (identity != null) {
      identity.close();
    }
  }
}

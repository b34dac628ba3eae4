package dev.cleave.server.security;

import dev.cleave.server.ServerException;
import dev.cleave.wire.tls.Identity;
import dev.cleave.wire.tls.Trust;
import dev.cleave.wire.tls.UnusableFile;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of TLS 1.3: the files of it, all PEM, which may be replaced while the server
 * runs. Immutable.
 *
 * @param certificate what the server proves itself with
 * @param key of that certificate
 * @param clientCa the CAs that whoever connects must have a certificate of; none asks for none
 * @param reload between looks at the files, whether they have changed
 */
public record ServerTls(Path certificate, Path key, Optional<Path> clientCa, Duration reload) {
  private static final Duration RELOAD = Duration.ofSeconds(10);

  /**
   * A device comes back without its certificate for so long, by the ticket of a session that had
   * it: a CA that is no longer believed still is, until then.
   */
  private static final Duration RESUMPTION = Duration.ofMinutes(10);

  public ServerTls {
    if (!reload.isPositive()) {
      throw new IllegalArgumentException("reload must be above 0, got " + reload);
    }
  }

  /** TLS with these files, looked at every 10 s. */
  public static ServerTls of(Path certificate, Path key) {
    return new ServerTls(certificate, key, Optional.empty(), RELOAD);
  }

  /** This for those alone who have a certificate of these CAs. */
  public ServerTls withClientCa(Path newClientCa) {
    return new ServerTls(certificate, key, Optional.of(newClientCa), reload);
  }

  /** This with another time between looks at the files. */
  public ServerTls withReload(Duration newReload) {
    return new ServerTls(certificate, key, clientCa, newReload);
  }

  /**
   * Reads the files and goes on watching them.
   *
   * @throws ServerException where one cannot be used
   */
  public Session open() {
    @Nullable Identity identity = null;
    @Nullable Trust trust = null;
    try {
      identity = Identity.open(certificate, key, reload);
      SslContextBuilder builder =
          // The JDK's own: it speaks ALPN, and is one native library less to trust.
          GrpcSslContexts.configure(
                  SslContextBuilder.forServer(identity.manager()), SslProvider.JDK)
              .protocols("TLSv1.3")
              .sessionTimeout(RESUMPTION.toSeconds());
      if (clientCa.isPresent()) {
        trust = Trust.inClients(clientCa.get(), reload);
        builder.trustManager(trust.manager()).clientAuth(ClientAuth.REQUIRE);
      }
      return new Session(builder.build(), identity, trust);
    } catch (UnusableFile e) {
      close(identity, trust);
      throw new ServerException("serve TLS", certificate.toString(), e.getMessage() + "", e);
    } catch (SSLException e) {
      close(identity, trust);
      throw new IllegalStateException("this JDK has no TLS 1.3", e);
    }
  }

  /** TLS as it is now; the files are watched until it is closed. Thread-safe. */
  public static final class Session implements AutoCloseable {
    private final SslContext context;
    private final Identity identity;
    private final @Nullable Trust trust;

    private Session(SslContext context, Identity identity, @Nullable Trust trust) {
      this.context = context;
      this.identity = identity;
      this.trust = trust;
    }

    /** What the transport takes. */
    public SslContext context() {
      return context;
    }

    @Override
    public void close() {
      ServerTls.close(identity, trust);
    }
  }

  private static void close(@Nullable Identity identity, @Nullable Trust trust) {
    if (identity != null) {
      identity.close();
    }
    if (trust != null) {
      trust.close();
    }
  }
}

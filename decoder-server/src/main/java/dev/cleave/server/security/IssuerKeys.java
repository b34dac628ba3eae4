package dev.cleave.server.security;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import dev.cleave.server.ServerException;
import dev.cleave.wire.tls.FileWatch;
import dev.cleave.wire.tls.UnusableFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The public keys of whoever issues tokens, as they are now. Thread-safe. */
final class IssuerKeys implements AutoCloseable {
  private static final int MAX_BYTES = 256 << 10;
  private static final int TIMEOUT_MILLIS = 2_000;

  /** A key that was withdrawn is believed for so long, and one that was added is found within. */
  private static final Duration KEPT = Duration.ofMinutes(5);

  /** Tokens of unknown keys do not make us ask more often than this. */
  private static final Duration ASKED_EVERY = Duration.ofSeconds(30);

  /** Without the page, the keys that were last seen do for so long. */
  private static final Duration OUTAGE = Duration.ofHours(1);

  private static final int MIN_RSA_BITS = 2048;

  private volatile JWKSource<SecurityContext> source = new ImmutableJWKSet<>(new JWKSet());
  private final AtomicInteger generation = new AtomicInteger();
  private @Nullable FileWatch watch;

  private IssuerKeys() {}

  /**
   * Reads the file or the page once.
   *
   * @throws ServerException where that cannot be done
   */
  static IssuerKeys open(TokenPolicy.Keys keys) {
    IssuerKeys opened = new IssuerKeys();
    switch (keys) {
      case TokenPolicy.Keys.InFile(Path path, Duration reload) -> opened.watch(path, reload);
      case TokenPolicy.Keys.AtUrl(URI url) -> opened.fetch(url);
    }
    return opened;
  }

  /** Changes when what was verified with the keys of before must be verified again. */
  int generation() {
    return generation.get();
  }

  /**
   * The keys that may have signed what has this header; none where nobody knows the key.
   *
   * @throws KeySourceException where they cannot be fetched
   */
  List<JWK> matching(JWSHeader header) throws KeySourceException {
    @Nullable JWKMatcher matcher = JWKMatcher.forJWSHeader(header);
    return matcher == null
        ? List.of()
        : source.get(new JWKSelector(matcher), null).stream()
            .filter(IssuerKeys::isPublicAndStrong)
            .toList();
  }

  @Override
  public void close() {
    if (watch != null) {
      watch.close();
    }
  }

  private void watch(Path path, Duration reload) {
    try {
      watch = FileWatch.start(List.of(path), reload, () -> read(path));
    } catch (UnusableFile e) {
      throw new ServerException("check tokens", path.toString(), e.getMessage() + "", e);
    }
  }

  private void read(Path path) {
    JWKSet keys;
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new UnusableFile(path, "it has more than 256 KiB", "give the right file", null);
      }
      keys = JWKSet.parse(new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UnusableFile(
          path, "it cannot be read (" + e.getClass().getSimpleName() + ")", "check the path", e);
    } catch (ParseException e) {
      // Without the cause: what a parser says may be of a key.
      throw new UnusableFile(path, "it is no JSON Web Key Set", "give the issuer's", null);
    }
    if (keys.containsNonPublicKeys()) {
      throw new UnusableFile(
          path,
          "it holds a private or symmetric key, which a server must not have",
          "give the public keys alone, such as the jwks.json of `cleave keys token`",
          null);
    }
    if (keys.getKeys().stream().noneMatch(IssuerKeys::isPublicAndStrong)) {
      throw new UnusableFile(
          path,
          "it holds no key of Ed25519, P-256, or RSA from 2048 bits",
          "give a key of these kinds",
          null);
    }
    source = new ImmutableJWKSet<>(keys);
    generation.incrementAndGet();
  }

  private void fetch(URI url) {
    try {
      source =
          JWKSourceBuilder.<SecurityContext>create(
                  url.toURL(),
                  new DefaultResourceRetriever(TIMEOUT_MILLIS, TIMEOUT_MILLIS, MAX_BYTES))
              .cache(KEPT.toMillis(), 2L * TIMEOUT_MILLIS)
              .refreshAheadCache(KEPT.toMillis() / 2, true)
              .rateLimited(ASKED_EVERY.toMillis())
              .outageTolerant(OUTAGE.toMillis())
              .build();
      List<JWK> keys = source.get(new JWKSelector(new JWKMatcher.Builder().build()), null);
      if (keys.stream().noneMatch(IssuerKeys::isPublicAndStrong)) {
        throw new ServerException(
            "check tokens",
            url.toString(),
            "it holds no public key of Ed25519, P-256, or RSA from 2048 bits",
            null);
      }
    } catch (KeySourceException | MalformedURLException e) {
      throw new ServerException(
          "check tokens", url.toString(), "its keys cannot be fetched: check the URL", e);
    }
  }

  private static boolean isPublicAndStrong(JWK key) {
    return switch (key) {
      case OctetKeyPair it -> !it.isPrivate() && it.getCurve().equals(Curve.Ed25519);
      case ECKey it -> !it.isPrivate() && it.getCurve().equals(Curve.P_256);
      case RSAKey it -> !it.isPrivate() && it.size() >= MIN_RSA_BITS;
      default -> false;
    };
  }
}

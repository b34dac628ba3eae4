package dev.cleave.server.security;

import dev.cleave.server.ServerException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * Which tokens open a server. Immutable.
 *
 * @param keys where the issuer's public keys are
 * @param issuer who must have issued a token
 * @param audience whom it must be for: without that, a token for another service would do
 * @param tenantClaim the claim that names the tenant
 * @param clockSkew how far clocks may differ
 */
public record TokenPolicy(
    Keys keys, String issuer, String audience, String tenantClaim, Duration clockSkew) {
  private static final Duration MAX_SKEW = Duration.ofMinutes(10);

  /** Where public keys are, as a JSON Web Key Set. */
  public sealed interface Keys {
    /**
     * A file, which may be replaced while the server runs.
     *
     * @param reload between looks at it
     */
    record InFile(Path path, Duration reload) implements Keys {
      public InFile {
        if (!reload.isPositive()) {
          throw new IllegalArgumentException("reload must be above 0, got " + reload);
        }
      }
    }

    /** A page, fetched when needed and kept for minutes: https, or of this machine. */
    record AtUrl(URI url) implements Keys {
      public AtUrl {
        boolean secure = "https".equalsIgnoreCase(url.getScheme());
        boolean near = "http".equalsIgnoreCase(url.getScheme()) && isLoopback(url.getHost());
        if (url.getHost() == null || !(secure || near)) {
          throw new ServerException(
              "check tokens",
              url.toString(),
              "keys that come in the clear are anybody's: give a file or a page by https",
              null);
        }
      }

      private static boolean isLoopback(String host) {
        if (host == null || host.equals("localhost")) {
          return host != null;
        }
        try {
          return InetAddress.ofLiteral(host.replaceAll("[\\[\\]]", "")).isLoopbackAddress();
        } catch (IllegalArgumentException e) {
          return false; // a name, which means what somebody else says
        }
      }
    }

    /** Reads {@code http(s)://...} as a page, and anything else as a file that is watched. */
    static Keys parse(String text) {
      if (!text.toLowerCase(Locale.ROOT).matches("https?://.*")) {
        return new InFile(Path.of(text), Duration.ofSeconds(10));
      }
      try {
        return new AtUrl(new URI(text));
      } catch (URISyntaxException e) {
        throw new ServerException("check tokens", text, "it is no URL", e);
      }
    }
  }

  public TokenPolicy {
    Objects.requireNonNull(keys, "keys");
    requireText("--auth-issuer", issuer);
    requireText("--auth-audience", audience);
    requireText("--auth-tenant-claim", tenantClaim);
    if (clockSkew.isNegative() || clockSkew.compareTo(MAX_SKEW) > 0) {
      throw new IllegalArgumentException(
          "the clock skew must be from 0 to 10 minutes, got " + clockSkew);
    }
  }

  private static void requireText(String option, String value) {
    if (value.isBlank()) {
      throw new ServerException("check tokens", "no " + option, "say what tokens must have", null);
    }
  }
}

package dev.cleave.server.security;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.ExpiredJWTException;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.StatusRuntimeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells on whose behalf a token is, and until when, or why it is refused: with a reason of ours in
 * words of ours, which repeat nothing of the token. Thread-safe.
 */
final class TokenVerifier implements AutoCloseable {
  /** Fits into the headers that the transport takes. */
  private static final int MAX_CHARS = 6 << 10;

  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519, JWSAlgorithm.ES256, JWSAlgorithm.RS256);
  private static final Set<String> TYPES = Set.of("jwt", "at+jwt");
  private static final int REMEMBERED = 1024;

  /** So long a token is not verified again: what withdrawing a key costs at most. */
  private static final Duration REMEMBERED_FOR = Duration.ofSeconds(60);

  /**
   * @param until when to look again
   */
  private record Verified(Caller caller, Instant until, int generation) {}

  private final TokenPolicy policy;
  private final IssuerKeys keys;
  private final Clock clock;
  private final DefaultJWTClaimsVerifier<SecurityContext> claimsVerifier;

  /** By the SHA-256 of the token: tokens themselves are not kept. */
  private final Map<ByteBuffer, Verified> remembered =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Verified> eldest) {
              return size() > REMEMBERED;
            }
          });

  private TokenVerifier(TokenPolicy policy, IssuerKeys keys, Clock clock) {
    this.policy = policy;
    this.keys = keys;
    this.clock = clock;
    this.claimsVerifier =
        new DefaultJWTClaimsVerifier<>(
            policy.audience(),
            new JWTClaimsSet.Builder().issuer(policy.issuer()).build(),
            Set.of("exp", policy.tenantClaim())) {
          @Override
          protected Date currentTime() {
            return Date.from(clock.instant());
          }
        };
    claimsVerifier.setMaxClockSkew((int) policy.clockSkew().toSeconds());
  }

  /**
   * Reads the keys.
   *
   * @throws dev.cleave.server.ServerException where that cannot be done
   */
  static TokenVerifier open(TokenPolicy policy, Clock clock) {
    return new TokenVerifier(policy, IssuerKeys.open(policy.keys()), clock);
  }

  /**
   * On whose behalf a call with this header comes, and until when the token counts.
   *
   * @throws StatusRuntimeException UNAUTHENTICATED, or UNAVAILABLE where the keys cannot be fetched
   */
  Caller caller(@Nullable String authorization) {
    if (authorization == null) {
      throw refused("this server asks for a token, and there is none");
    }
    if (!authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
      throw refused("the authorization header is not 'Bearer' and a token");
    }
    String token = authorization.substring(7).strip();
    if (token.length() > MAX_CHARS) {
      throw refused("the token has more than %d characters".formatted(MAX_CHARS));
    }
    ByteBuffer digest = digest(token);
    @Nullable Verified known = remembered.get(digest);
    if (known == null
        || known.generation() != keys.generation()
        || !clock.instant().isBefore(known.until())) {
      known = verify(token, keys.generation());
      remembered.put(digest, known);
    }
    return known.caller();
  }

  @Override
  public void close() {
    keys.close();
  }

  private Verified verify(String token, int generation) {
    SignedJWT signed = signed(token);
    JWTClaimsSet claims = claims(signed);
    Instant now = clock.instant();
    Instant end = claims.getExpirationTime().toInstant().plus(policy.clockSkew());
    Instant soon = now.plus(REMEMBERED_FOR);
    return new Verified(
        new Caller(tenant(claims), end), end.isBefore(soon) ? end : soon, generation);
  }

  /** The token, once a key of the issuer was found to have signed it. */
  private SignedJWT signed(String token) {
    SignedJWT signed;
    try {
      signed = SignedJWT.parse(token);
    } catch (ParseException e) {
      throw refused("the token is no signed JSON Web Token");
    }
    JWSHeader header = signed.getHeader();
    if (!ALGORITHMS.contains(header.getAlgorithm())) {
      throw refused("the token is not signed by EdDSA, ES256 or RS256");
    }
    boolean ofOurKind =
        header.getContentType() == null
            && header.isBase64URLEncodePayload()
            && (header.getType() == null
                || TYPES.contains(header.getType().getType().toLowerCase(Locale.ROOT)));
    if (!ofOurKind) {
      throw refused("the token is a JSON Web Token of another kind");
    }
    try {
      var candidates = keys.matching(header);
      if (candidates.isEmpty()) {
        throw refused("the token is signed by a key that this server does not know");
      }
      for (JWK key : candidates) {
        if (signed.verify(verifier(key))) {
          return signed;
        }
      }
    } catch (KeySourceException e) {
      throw WireStatus.exception(
          WireReason.NOT_SERVING, "the keys that tokens are verified with cannot be fetched");
    } catch (JOSEException e) {
      throw refused("the token's signature cannot be verified");
    }
    throw refused("the token's signature is wrong");
  }

  private static JWSVerifier verifier(JWK key) throws JOSEException {
    return switch (key) {
      case OctetKeyPair it -> new Ed25519Verifier(it);
      case ECKey it -> new ECDSAVerifier(it);
      case RSAKey it -> new RSASSAVerifier(it);
      default -> throw new JOSEException("a key of another kind");
    };
  }

  private JWTClaimsSet claims(SignedJWT signed) {
    try {
      JWTClaimsSet claims = signed.getJWTClaimsSet();
      claimsVerifier.verify(claims, null);
      return claims;
    } catch (ParseException e) {
      throw refused("the token's claims cannot be read");
    } catch (ExpiredJWTException e) {
      throw refused("the token has expired");
    } catch (BadJWTException e) {
      throw refused(why(String.valueOf(e.getMessage())));
    }
  }

  /** In words of ours: the library's repeat what the token says. */
  private String why(String message) {
    if (message.contains("before use")) {
      return "the token is not valid yet";
    }
    if (message.contains("audience") || message.contains("[aud")) {
      return "the token is for another audience";
    }
    if (message.contains("missing required")) {
      return "the token has no exp, iss, aud or %s".formatted(policy.tenantClaim());
    }
    return "the token is of another issuer";
  }

  private Tenant tenant(JWTClaimsSet claims) {
    try {
      return new Tenant(String.valueOf(claims.getStringClaim(policy.tenantClaim())));
    } catch (ParseException | IllegalArgumentException e) {
      throw refused("the token's claim %s is no tenant's name".formatted(policy.tenantClaim()));
    }
  }

  private static StatusRuntimeException refused(String why) {
    return WireStatus.exception(WireReason.UNAUTHENTICATED, why);
  }

  private static ByteBuffer digest(String token) {
    try {
      return ByteBuffer.wrap(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no SHA-256", e);
    }
  }
}

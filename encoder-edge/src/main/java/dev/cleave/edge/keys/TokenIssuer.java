package dev.cleave.edge.keys;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.Ed25519Signer;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;

/** Signs tokens for trials and tests, with an Ed25519 key that lies in a file. Immutable. */
public final class TokenIssuer {
  /** The issuer's key pair, in the folder that it is written to. */
  public static final String KEY = "issuer-key.json";

  /** The public key, for servers. */
  public static final String JWKS = "jwks.json";

  /**
   * What a token says.
   *
   * @param tenant on whose behalf its holder calls
   * @param issuer who says so
   * @param audience whom it is for
   * @param life how long it can be used
   */
  public record Claims(String tenant, String issuer, String audience, Duration life) {
    public Claims {
      if (!tenant.matches("[A-Za-z0-9._-]{1,64}")) {
        throw CleaveException.fatal(
            Code.INPUT,
            "'%s' is no tenant's name".formatted(tenant),
            "give 1 to 64 letters, digits, dots, dashes and underscores");
      }
    }
  }

  private final OctetKeyPair key;

  private TokenIssuer(OctetKeyPair key) {
    this.key = key;
  }

  /** One with a new key. */
  public static TokenIssuer create() {
    try {
      return new TokenIssuer(
          new OctetKeyPairGenerator(Curve.Ed25519)
              .keyUse(KeyUse.SIGNATURE)
              .algorithm(JWSAlgorithm.EdDSA)
              .keyIDFromThumbprint(true)
              .generate());
    } catch (JOSEException e) {
      throw new IllegalStateException("cannot make an Ed25519 key", e);
    }
  }

  /** The one whose key is in this folder. */
  public static TokenIssuer read(Path folder) {
    Path file = folder.resolve(KEY);
    try {
      return new TokenIssuer(OctetKeyPair.parse(Files.readString(file)));
    } catch (IOException | ParseException e) {
      // Without the cause: what a parser says may be of the key.
      throw CleaveException.fatal(
          Code.INPUT, file + " holds no key of an issuer", "make one without --keep-key");
    }
  }

  /** Adds the key, its public half for servers, and a token of this tenant. */
  public KeyFolder write(KeyFolder folder, Claims claims, Instant now) {
    return folder
        .secret(KEY, key.toJSONString() + "\n")
        .shared(JWKS, new JWKSet(key).toString(true) + "\n")
        .secret(claims.tenant() + ".jwt", sign(claims, now) + "\n");
  }

  /** A signed token. */
  public String sign(Claims claims, Instant now) {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID(key.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .issuer(claims.issuer())
                .audience(claims.audience())
                .subject(claims.tenant())
                .claim("tenant", claims.tenant())
                .issueTime(Date.from(now))
                .notBeforeTime(Date.from(now))
                .expirationTime(Date.from(now.plus(claims.life())))
                .jwtID(UUID.randomUUID().toString())
                .build());
    try {
      token.sign(new Ed25519Signer(key));
    } catch (JOSEException e) {
      throw new IllegalStateException("cannot sign with an Ed25519 key", e);
    }
    return token.serialize();
  }
}

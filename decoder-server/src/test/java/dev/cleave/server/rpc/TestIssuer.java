package dev.cleave.server.rpc;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.Ed25519Signer;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.gen.OctetKeyPairGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.cleave.server.security.TokenPolicy;
import dev.cleave.wire.WireHeaders;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;

/** Who signs tokens for one tenant, and what a server that believes it asks for. */
final class TestIssuer {

  static final Duration SKEW = Duration.ofSeconds(60);

  private final OctetKeyPair key;
  private final Path jwks;

  /** Writes its public key into this folder. */
  TestIssuer(Path folder) throws Exception {
    this.key = new OctetKeyPairGenerator(Curve.Ed25519).keyID("k").generate();
    this.jwks =
        Files.writeString(folder.resolve("jwks.json"), new JWKSet(key.toPublicJWK()).toString());
  }

  TokenPolicy policy() {
    return new TokenPolicy(
        TokenPolicy.Keys.parse(jwks.toString()), "issuer", "cleave", "tenant", SKEW);
  }

  String token(Instant end) throws Exception {
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.EdDSA).keyID("k").build(),
            new JWTClaimsSet.Builder()
                .issuer("issuer")
                .audience("cleave")
                .claim("tenant", "clinic")
                .expirationTime(Date.from(end))
                .build());
    token.sign(new Ed25519Signer(key));
    return token.serialize();
  }

  /** The channel with this token on each call. */
  static Channel with(Channel channel, String token) {
    Metadata headers = new Metadata();
    headers.put(WireHeaders.AUTHORIZATION, "Bearer " + token);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }
}

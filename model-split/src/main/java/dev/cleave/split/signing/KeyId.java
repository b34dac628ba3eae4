package dev.cleave.split.signing;

import com.google.crypto.tink.AccessesPartialKey;
import com.google.crypto.tink.signature.Ed25519PublicKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The name of a public key, for people and for finding it among others. It proves nothing: the
 * whole key does.
 *
 * @param hex 16 digits of lower-case hex
 */
public record KeyId(String hex) {
  /** Digits of an id. */
  static final int DIGITS = 16;

  private static final byte[] DOMAIN =
      "dev.cleave/bundle-key/v1\n".getBytes(StandardCharsets.US_ASCII);

  public KeyId {
    if (!hex.matches("[0-9a-f]{" + DIGITS + "}")) {
      throw new IllegalArgumentException("a key id must be 16 digits of lower-case hex: " + hex);
    }
  }

  @AccessesPartialKey
  static KeyId of(Ed25519PublicKey key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(DOMAIN);
      byte[] hash = digest.digest(key.getPublicKeyBytes().toByteArray());
      return new KeyId(HexFormat.of().formatHex(hash).substring(0, DIGITS));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return hex;
  }
}

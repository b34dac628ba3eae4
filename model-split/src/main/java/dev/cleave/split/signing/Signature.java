package dev.cleave.split.signing;

import dev.cleave.split.error.UntrustedBundle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code bundle.sig}: who vouches for the {@code bundle.json} beside it. One line of ASCII, with
 * one way to write it:
 *
 * <pre>
 * cleave-bundle-signature 1 KEYID SIGNATURE\n
 *                           |     128 digits of hex: Ed25519 over
 *                           |     "dev.cleave/bundle-manifest/v1\n" and the bytes of bundle.json
 *                           16 digits of hex
 * </pre>
 *
 * @param key the name of the key that is said to have signed
 * @param hex of the 64 bytes, lower case
 */
public record Signature(KeyId key, String hex) {
  /** The file's name. */
  public static final String FILE = "bundle.sig";

  private static final String MARK = "cleave-bundle-signature 1 ";
  private static final int DIGITS = 128;
  private static final Pattern LINE =
      Pattern.compile(MARK + "([0-9a-f]{" + KeyId.DIGITS + "}) ([0-9a-f]{" + DIGITS + "})\n");

  /** The file's only size. */
  static final int FILE_BYTES = MARK.length() + KeyId.DIGITS + 1 + DIGITS + 1;

  /** What else is signed with such a key never stands for a manifest. */
  private static final byte[] DOMAIN =
      "dev.cleave/bundle-manifest/v1\n".getBytes(StandardCharsets.US_ASCII);

  public Signature {
    if (!hex.matches("[0-9a-f]{" + DIGITS + "}")) {
      throw new IllegalArgumentException(
          "a signature must be 128 digits of lower-case hex: " + hex);
    }
  }

  /**
   * The signature beside a manifest; empty when there is none.
   *
   * @throws UntrustedBundle when what is there is no signature
   */
  public static Optional<Signature> beside(Path root) {
    Path file = root.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(FILE_BYTES + 1);
    } catch (IOException e) {
      throw new UntrustedBundle(file.toString(), "cannot be read: " + e.getMessage());
    }
    Matcher line = LINE.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    if (!line.matches()) {
      throw new UntrustedBundle(
          file.toString(),
          "is no signature of this release, which is one line of %d bytes; copy it again, or sign the bundle again"
              .formatted(FILE_BYTES));
    }
    return Optional.of(new Signature(new KeyId(line.group(1)), line.group(2)));
  }

  /** The file's bytes. */
  public byte[] fileBytes() {
    return (MARK + key + " " + hex + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  static String hexOf(byte[] signature) {
    return HexFormat.of().formatHex(signature);
  }

  /** What is signed. */
  static byte[] message(byte[] manifest) {
    byte[] message = new byte[DOMAIN.length + manifest.length];
    System.arraycopy(DOMAIN, 0, message, 0, DOMAIN.length);
    System.arraycopy(manifest, 0, message, DOMAIN.length, manifest.length);
    return message;
  }
}

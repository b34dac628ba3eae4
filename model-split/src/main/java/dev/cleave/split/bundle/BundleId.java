package dev.cleave.split.bundle;

import java.util.HexFormat;

/**
 * The sha-256 that names a bundle.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record BundleId(String hex) {
  /** Length of {@link #bytes()}. */
  public static final int BYTES = 32;

  public BundleId {
    if (!hex.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("a bundle id must be 64 digits of lower-case hex: " + hex);
    }
  }

  /** The id of 32 bytes, as they travel in Open. */
  public static BundleId of(byte[] bytes) {
    return new BundleId(HexFormat.of().formatHex(bytes));
  }

  /** A new array of 32 bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  /** The first 12 digits, for people. */
  public String abbreviated() {
    return hex.substring(0, 12);
  }

  @Override
  public String toString() {
    return hex;
  }
}

package dev.cleave.server.admission;

import com.google.protobuf.ByteString;
import java.util.HexFormat;

/**
 * The server half that is served. Immutable.
 *
 * @param bundleId sha-256 that names the bundle, 64 hex digits
 * @param architecture of the bundle, such as {@code t5}
 * @param codec of the bundle's calibration
 */
public record ServedModel(String bundleId, String architecture, ServedCodec codec) {

  static final int BUNDLE_ID_BYTES = 32;

  public ServedModel {
    if (bundleId.length() != 2 * BUNDLE_ID_BYTES) {
      throw new IllegalArgumentException(
          "bundle id must be 64 hex digits, got " + bundleId.length());
    }
    bundleId = HexFormat.of().formatHex(HexFormat.of().parseHex(bundleId));
  }

  /** Of a bundle that was not calibrated. */
  public ServedModel(String bundleId, String architecture) {
    this(bundleId, architecture, ServedCodec.NONE);
  }

  /** The id as it travels: 32 bytes. */
  public ByteString bundleIdBytes() {
    return ByteString.copyFrom(HexFormat.of().parseHex(bundleId));
  }

  /** The first 12 digits, which is what people compare. */
  public String shortBundleId() {
    return bundleId.substring(0, 12);
  }
}

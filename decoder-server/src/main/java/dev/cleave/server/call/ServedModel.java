package dev.cleave.server.call;

import com.google.protobuf.ByteString;
import dev.cleave.server.sampling.TokenRules;
import java.util.HexFormat;

/**
 * The server half that is served. Immutable.
 *
 * @param bundleId sha-256 that names the bundle, 64 hex digits
 * @param architecture of the bundle, such as {@code t5}
 * @param rules start, end and suppressed tokens of the checkpoint
 * @param codec of the bundle's calibration
 */
public record ServedModel(
    String bundleId, String architecture, TokenRules rules, ServedCodec codec) {

  static final int BUNDLE_ID_BYTES = 32;

  public ServedModel {
    if (bundleId.length() != 2 * BUNDLE_ID_BYTES) {
      throw new IllegalArgumentException(
          "bundle id must be 64 hex digits, got " + bundleId.length());
    }
    bundleId = HexFormat.of().formatHex(HexFormat.of().parseHex(bundleId));
  }

  /** Of a bundle that was not calibrated. */
  public ServedModel(String bundleId, String architecture, TokenRules rules) {
    this(bundleId, architecture, rules, ServedCodec.NONE);
  }

  ByteString bundleIdBytes() {
    return ByteString.copyFrom(HexFormat.of().parseHex(bundleId));
  }

  /** The first 12 digits, which is what people compare. */
  public String shortBundleId() {
    return bundleId.substring(0, 12);
  }
}

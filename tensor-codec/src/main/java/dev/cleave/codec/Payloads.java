package dev.cleave.codec;

import dev.cleave.codec.payload.Int4Payload;
import dev.cleave.codec.payload.Int8Payload;
import dev.cleave.codec.payload.LosslessPayload;
import dev.cleave.codec.payload.PayloadCodec;
import dev.cleave.codec.payload.RawPayload;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RatePayload;
import dev.cleave.codec.rate.RateTarget;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which payload belongs to which mode. */
final class Payloads {
  private Payloads() {}

  /**
   * A new payload codec for the frames of one stream.
   *
   * @throws IllegalArgumentException when the profile is not the one that the stream names
   */
  static PayloadCodec of(StreamSpec spec, @Nullable Profile profile) {
    if (!spec.profile().isNone() && (profile == null || !profile.hash().equals(spec.profile()))) {
      throw new IllegalArgumentException(
          "the stream uses profile %s, given was %s"
              .formatted(spec.profile(), profile == null ? "none" : profile.hash()));
    }
    int width = spec.width();
    return switch (spec.mode()) {
      case RAW_F32 -> new RawPayload(RawPayload.Element.F32, width);
      case RAW_F16 -> new RawPayload(RawPayload.Element.F16, width);
      case RAW_BF16 -> new RawPayload(RawPayload.Element.BF16, width);
      case LOSSLESS_F32 -> new LosslessPayload(width, false);
      case LOSSLESS_BF16 -> new LosslessPayload(width, true);
      case INT8 -> new Int8Payload(width, used(spec, profile));
      case INT4 -> new Int4Payload(width, used(spec, profile));
      case RATE ->
          new RatePayload(RatePayload.Kind.UNIFORM, width, target(spec), used(spec, profile));
      case RATE_TRELLIS ->
          new RatePayload(RatePayload.Kind.TRELLIS, width, target(spec), used(spec, profile));
    };
  }

  private static RateTarget target(StreamSpec spec) {
    return Objects.requireNonNull(spec.target(), "RATE has a target");
  }

  private static @Nullable Profile used(StreamSpec spec, @Nullable Profile profile) {
    return spec.profile().isNone() ? null : profile;
  }

  /** As {@link PayloadCodec#maxBytes}, without making one. */
  static long maxBytes(StreamSpec spec, int positions) {
    return of(new StreamSpec(spec.mode(), spec.width(), spec.target(), ProfileHash.NONE), null)
        .maxBytes(positions);
  }
}

package dev.cleave.server.admission;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.wire.WireCodec;
import dev.cleave.wire.WireReason;
import org.jspecify.annotations.Nullable;

/** Which of the codecs that clients ask for this server speaks. */
final class CodecPolicy {
  /** A frame of few elements costs some bytes beyond them in any mode. */
  private static final int SLACK_BYTES = 64;

  private CodecPolicy() {}

  /**
   * What the frames will be; nothing is allocated for it.
   *
   * @param width of the served model's boundary tensor
   * @param served the hash of the served bundle's profile, or none
   * @throws Refused when this server does not speak it
   */
  static StreamSpec check(WireCodec asked, int width, ProfileHash served) {
    CodecMode mode =
        CodecMode.ofWireNumber(asked.mode())
            .orElseThrow(() ->
                unsupported(
                    asked,
                    "codec %d is not known here: Describe lists those that are"
                        .formatted(asked.mode())));
    RateTarget target = target(asked, mode);
    long mostBytes = (long) width * Float.BYTES + SLACK_BYTES;
    if (target instanceof RateTarget.BytesPerPosition it && it.bytes() > mostBytes) {
      throw new Refused(
              WireReason.LIMIT_EXCEEDED,
              "%d bytes per position were asked for, uncompressed states take %d"
                  .formatted(it.bytes(), width * Float.BYTES))
          .with("field", "target_number")
          .with("limit", mostBytes);
    }
    if (!asked.profile().isNone() && !asked.profile().equals(served)) {
      String name = served.isNone() ? "none" : served.toString();
      throw new Refused(
              WireReason.PROFILE_MISMATCH,
              "this server has codec profile %s, not %s: use the device half of the same bundle"
                  .formatted(name, asked.profile()))
          .with("served", name)
          .with("requested", asked.profile().toString());
    }
    return new StreamSpec(mode, width, target, asked.profile());
  }

  private static @Nullable RateTarget target(WireCodec asked, CodecMode mode) {
    if (!mode.hasTarget()) {
      if (asked.targetKind() != 0 || asked.targetNumber() != 0) {
        throw unsupported(asked, mode + " has no target");
      }
      return null;
    }
    return RateTarget.of(asked.targetKind(), asked.targetNumber())
        .orElseThrow(() ->
            unsupported(
                asked,
                "%s needs a target; kind %s with %s is none"
                    .formatted(
                        mode,
                        Integer.toUnsignedString(asked.targetKind()),
                        Integer.toUnsignedString(asked.targetNumber()))));
  }

  private static Refused unsupported(WireCodec asked, String message) {
    return new Refused(WireReason.CODEC_UNSUPPORTED, message)
        .with("codec", asked.mode())
        .with("target_kind", Integer.toUnsignedLong(asked.targetKind()))
        .with("target_number", Integer.toUnsignedLong(asked.targetNumber()));
  }
}

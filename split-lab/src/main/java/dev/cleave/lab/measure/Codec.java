package dev.cleave.lab.measure;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import org.jspecify.annotations.Nullable;

/**
 * A stream and the profile it uses. Immutable.
 *
 * @param spec what frames have in common
 * @param profile the one that the spec names, or null where it names none
 */
public record Codec(StreamSpec spec, @Nullable Profile profile) {

  /** A mode without target or profile. */
  public static Codec of(CodecMode mode, int width) {
    return new Codec(new StreamSpec(mode, width), null);
  }

  /** A mode without target, with this profile. */
  public static Codec of(CodecMode mode, Profile profile) {
    return new Codec(new StreamSpec(mode, profile.width()).withProfile(profile), profile);
  }

  /** A mode that sends as many bytes for every position, with this profile. */
  public static Codec constant(CodecMode mode, Profile profile, int bytesPerPosition) {
    RateTarget target = new RateTarget.BytesPerPosition(bytesPerPosition);
    return new Codec(new StreamSpec(mode, profile.width(), target).withProfile(profile), profile);
  }

  /** Bytes of payload that one more position takes. */
  public int bytesPerPosition() {
    if (spec.target() instanceof RateTarget.BytesPerPosition constant) {
      return constant.bytes();
    }
    FrameEncoder encoder = FrameEncoder.of(spec, profile);
    return encoder.maxEncodedBytes(2) - encoder.maxEncodedBytes(1);
  }

  /** A stream of it. */
  StreamCoding coding() {
    return new StreamCoding(spec, profile);
  }
}

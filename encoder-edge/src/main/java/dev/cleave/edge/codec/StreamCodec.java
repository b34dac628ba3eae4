package dev.cleave.edge.codec;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import org.jspecify.annotations.Nullable;

/**
 * How the frames of one generation are coded. Immutable and thread-safe; encoders and decoders made
 * from it are not.
 *
 * @param name of the codec for people: {@code balanced}, {@code int8}, {@code rate:2.5}
 * @param reason why it is this one, in one line
 * @param spec what was agreed with the server, or will be
 * @param profile the one that the spec names; null where it names none
 */
public record StreamCodec(String name, String reason, StreamSpec spec, @Nullable Profile profile) {
  /** Needs the profile that the spec names, and no other. */
  public StreamCodec {
    if (spec.profile().isNone() != (profile == null)
        || (profile != null && !profile.hash().equals(spec.profile()))) {
      throw new IllegalArgumentException("the profile must be the one of " + spec);
    }
  }

  /** Whether frames carry every bit of the values. */
  public boolean isExact() {
    return CodecNames.isExact(spec.mode());
  }

  /** Whether the length of a frame says how many positions it has, and nothing more. */
  public boolean hasConstantFrames() {
    return spec.target() == null
        ? !CodecNames.isLossless(spec.mode())
        : spec.target() instanceof RateTarget.BytesPerPosition;
  }

  /** An encoder of its own for one thread. */
  public FrameEncoder encoder() {
    return FrameEncoder.of(spec, profile);
  }

  /** A decoder of its own for one thread. */
  public FrameDecoder decoder(FrameLimits limits) {
    return FrameDecoder.of(spec, limits, profile);
  }
}

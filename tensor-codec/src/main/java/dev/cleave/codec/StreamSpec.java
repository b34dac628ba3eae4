package dev.cleave.codec;

import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import org.jspecify.annotations.Nullable;

/**
 * What every frame of one stream has in common: agreed once when the stream is opened, and left out
 * of {@link HeaderForm#SHORT short} headers, whose checksum covers it all the same. Immutable.
 *
 * @param mode how the values are coded
 * @param width elements per position of the boundary tensor, 1 to {@value #MAX_WIDTH}
 * @param target what the RATE modes aim at, null in all others
 * @param profile names the profile that both sides use, or {@link ProfileHash#NONE}
 */
public record StreamSpec(
    CodecMode mode, int width, @Nullable RateTarget target, ProfileHash profile) {
  /** The widest boundary tensor the format speaks of. */
  public static final int MAX_WIDTH = 1 << 20;

  /** Checks the width, and that there is a target where the mode has one and none elsewhere. */
  public StreamSpec {
    if (width < 1 || width > MAX_WIDTH) {
      throw new IllegalArgumentException(
          "width of a stream must be 1 to " + MAX_WIDTH + ", was " + width);
    }
    if (mode.hasTarget() != (target != null)) {
      throw new IllegalArgumentException(
          "%s %s a target, was %s".formatted(mode, mode.hasTarget() ? "needs" : "has not", target));
    }
  }

  /** Without target and profile. */
  public StreamSpec(CodecMode mode, int width) {
    this(mode, width, null, ProfileHash.NONE);
  }

  /** Without profile: the frames carry what statistics they need. */
  public StreamSpec(CodecMode mode, int width, RateTarget target) {
    this(mode, width, target, ProfileHash.NONE);
  }

  /** The same with this profile, which must be as wide. */
  public StreamSpec withProfile(Profile used) {
    if (used.width() != width) {
      throw new IllegalArgumentException(
          "the profile is for width %d, the stream has %d".formatted(used.width(), width));
    }
    return new StreamSpec(mode, width, target, used.hash());
  }
}

package dev.cleave.server.call;

import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.server.ServerException;
import dev.cleave.split.bundle.CodecSection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the served bundle's calibration says of codecs. Immutable.
 *
 * @param profile that frames may use besides none; null where the bundle was not calibrated
 * @param presets as {@code Describe} lists them
 */
public record ServedCodec(@Nullable Profile profile, List<CodecSection.Preset> presets) {
  /** Of a bundle that was not calibrated. */
  public static final ServedCodec NONE = new ServedCodec(null, List.of());

  public ServedCodec {
    presets = List.copyOf(presets);
  }

  /**
   * Holds the profile against the model's boundary tensor.
   *
   * @throws ServerException when the profile is for another boundary tensor
   */
  public void requireWidth(int width) {
    if (profile != null && profile.width() != width) {
      throw new ServerException(
          "start",
          "codec profile of width " + profile.width(),
          "the model's boundary is %d wide: calibrate the bundle again".formatted(width),
          null);
    }
  }

  /** The profile's, or {@link ProfileHash#NONE}. */
  ProfileHash hash() {
    return profile == null ? ProfileHash.NONE : profile.hash();
  }
}

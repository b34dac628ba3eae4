package dev.cleave.server.admission;

import dev.cleave.codec.profile.MalformedProfile;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.server.ServerException;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import java.io.IOException;
import java.nio.file.Path;
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
   * Reads what an open server half says, profile and all.
   *
   * @throws ServerException when the profile is not the one that the manifest describes
   */
  public static ServedCodec of(Bundle half) {
    CodecSection section = half.manifest().codec().orElse(null);
    if (section == null) {
      return NONE;
    }
    Path file = half.file(section.profileFile());
    Profile profile;
    try {
      profile = Profile.read(file);
    } catch (IOException | MalformedProfile e) {
      throw new ServerException(
          "read the codec profile", file.toString(), "calibrate the bundle again", e);
    }
    if (!profile.hash().toString().equals(section.profileHash())) {
      throw new ServerException(
          "read the codec profile",
          file.toString(),
          "its hash is %s, the manifest says %s: calibrate the bundle again"
              .formatted(profile.hash(), section.profileHash()),
          null);
    }
    return new ServedCodec(profile, section.presets());
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

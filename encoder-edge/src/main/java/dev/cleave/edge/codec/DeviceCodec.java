package dev.cleave.edge.codec;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.MalformedProfile;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a bundle's device half knows of coding its boundary tensor: the one place where a choice
 * becomes frames. Immutable and thread-safe.
 */
public final class DeviceCodec {
  /** Modes from this number on lose something, less with a profile than without. */
  private static final int FIRST_LOSSY = CodecMode.INT8.wireNumber();

  private final int width;
  private final @Nullable CodecSection section;
  private final @Nullable Profile profile;

  private DeviceCodec(int width, @Nullable CodecSection section, @Nullable Profile profile) {
    this.width = width;
    this.section = section;
    this.profile = profile;
  }

  /** For a bundle that is not calibrated, of this width. */
  public static DeviceCodec uncalibrated(int width) {
    return new DeviceCodec(width, null, null);
  }

  /**
   * For an open bundle, whose profile is read here.
   *
   * @throws CleaveException when the profile is not the one that the manifest describes
   */
  public static DeviceCodec of(Bundle bundle) {
    int width = bundle.manifest().width();
    CodecSection section = bundle.manifest().codec().orElse(null);
    if (section == null) {
      return uncalibrated(width);
    }
    Profile profile;
    try {
      profile = Profile.read(bundle.file(section.profileFile()));
    } catch (IOException | MalformedProfile e) {
      throw damaged(bundle, section, "cannot be read: " + e.getMessage()).causedBy(e);
    }
    if (profile.width() != width || !profile.hash().toString().equals(section.profileHash())) {
      throw damaged(
          bundle,
          section,
          "has width %d and hash %s where the manifest says %d and %s"
              .formatted(profile.width(), profile.hash(), width, section.profileHash()));
    }
    return new DeviceCodec(width, section, profile);
  }

  /**
   * What a choice means for this bundle.
   *
   * @throws CleaveException when it asks for a preset that this bundle has not
   */
  public StreamCodec resolve(CodecChoice choice) {
    return switch (choice) {
      case CodecChoice.BundleDefault _ -> byDefault();
      case CodecChoice.Fixed it -> codec(choice.text(), "asked for", it.mode(), null);
      case CodecChoice.Preset it -> preset(it.name(), "asked for");
      case CodecChoice.Rate it -> {
        // Not Math.round's business: a width of 1 and few bits must still give a byte.
        int bytes = (int) Math.max(1, Math.rint(it.bits() * width / Byte.SIZE));
        yield rate(choice.text(), "asked for", it.trellis(), bytes);
      }
    };
  }

  private StreamCodec byDefault() {
    if (section == null) {
      return codec("int8", "the bundle is not calibrated", CodecMode.INT8, null);
    }
    if (section.preset("balanced").isEmpty()) {
      return codec("int8", "calibration chose no balanced preset", CodecMode.INT8, null);
    }
    return preset("balanced", "the default of a calibrated bundle");
  }

  private StreamCodec preset(String name, String reason) {
    if (section == null) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the codec '%s' was asked for and this bundle is not calibrated".formatted(name),
          "run 'cleave calibrate --bundle B', or choose another --codec");
    }
    CodecSection.Preset preset =
        section
            .preset(name)
            .orElseThrow(() ->
                CleaveException.fatal(
                    Code.INPUT,
                    "the codec '%s' was asked for and calibration chose none for this bundle"
                        .formatted(name),
                    "choose another --codec: 'cleave inspect' lists the bundle's"));
    return rate(name, reason, preset.mode().equals("rate_trellis"), preset.bytesPerPosition());
  }

  private StreamCodec rate(String name, String reason, boolean trellis, int bytesPerPosition) {
    return codec(
        name,
        String.format(
            Locale.ROOT,
            "%s: %d bytes per position%s",
            reason,
            bytesPerPosition,
            profile == null ? ", without a profile" : ""),
        trellis ? CodecMode.RATE_TRELLIS : CodecMode.RATE,
        new RateTarget.BytesPerPosition(bytesPerPosition));
  }

  private StreamCodec codec(
      String name, String reason, CodecMode mode, @Nullable RateTarget target) {
    boolean profiled = mode.wireNumber() >= FIRST_LOSSY && profile != null;
    Profile used = profiled ? profile : null;
    ProfileHash hash = used == null ? ProfileHash.NONE : used.hash();
    return new StreamCodec(name, reason, new StreamSpec(mode, width, target, hash), used);
  }

  private static CleaveException damaged(Bundle bundle, CodecSection section, String how) {
    return CleaveException.fatal(
        Code.BUNDLE,
        "the codec profile %s of the bundle at %s %s"
            .formatted(section.profileFile(), bundle.root(), how),
        "run 'cleave calibrate --bundle B' again");
  }
}

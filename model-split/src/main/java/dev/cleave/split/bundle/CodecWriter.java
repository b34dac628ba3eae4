package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts what calibration found out into a bundle that stands: the profile into both halves, the
 * section into the manifest, under a new bundle id.
 *
 * <p>The new profile lies beside the old one until the manifest is replaced, in one move; so a
 * crash at any point leaves a bundle that opens, as it was or as it shall be. What it may leave
 * behind besides, the next call removes. One call at a time for a bundle.
 */
public final class CodecWriter {
  private static final String TEMPORARY = ".codec-writing.tmp";

  private CodecWriter() {}

  /**
   * Verifies both halves and renews the bundle.
   *
   * @param root the bundle's folder, with both halves
   * @param profile the profile's bytes, those that the section was made of
   * @return the manifest with its new id
   * @throws MalformedBundle when a half is not there or damaged; nothing has changed then
   * @throws SplitException when it cannot be written; the bundle opens as before, or renewed
   */
  public static BundleManifest write(Path root, byte[] profile, CodecSection section) {
    return write(root, profile, section, changed -> {});
  }

  static BundleManifest write(
      Path root, byte[] profile, CodecSection section, Renewal.Steps steps) {
    if (!section.profileFile().equals(CodecSection.profileFileOf(profile))) {
      throw new IllegalArgumentException(
          "the section names %s, the profile given is %s"
              .formatted(section.profileFile(), CodecSection.profileFileOf(profile)));
    }
    BundleManifest old = Bundle.open(root, Half.DEVICE).manifest();
    if (!Bundle.open(root, Half.SERVER).id().equals(old.id())) {
      throw new MalformedBundle(root.toString(), "changed while it was opened; try again");
    }
    try {
      Renewal renewal = new Renewal(root, TEMPORARY, CodecWriter::leavesBehind, steps);
      renewal.removeLeftovers(old);
      for (Half half : Half.values()) {
        renewal.replace(half.folder() + "/" + section.profileFile(), profile);
      }
      BundleManifest renewed = renewed(old, profile, section);
      renewal.publish(renewed);
      return renewed;
    } catch (IOException e) {
      throw new SplitException("calibrate", root.toString(), "cannot be written: " + e, e);
    }
  }

  /** Whether a path within a bundle is of a call that crashed, or may be. */
  static boolean leavesBehind(String path) {
    String name = path.substring(path.indexOf('/') + 1);
    return name.equals(TEMPORARY)
        || (path.matches("(device|server)/[^/]+") && CodecSection.isProfileFile(name));
  }

  private static BundleManifest renewed(BundleManifest old, byte[] profile, CodecSection section) {
    List<BundleFile> files = new ArrayList<>();
    for (BundleFile file : old.files()) {
      if (!CodecSection.isProfileFile(file.name())) {
        files.add(file);
      }
    }
    for (Half half : Half.values()) {
      files.add(
          new BundleFile(
              half.folder() + "/" + section.profileFile(), profile.length, Sha256.hex(profile)));
    }
    return ManifestJson.sealed(old.model(), old.boundary().withCodec(section), old.limits(), files);
  }
}

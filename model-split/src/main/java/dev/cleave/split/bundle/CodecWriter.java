package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

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

  /** Told after each step that changed something on disk; a test's place to crash. */
  interface Steps {
    void done(Path changed) throws IOException;
  }

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

  static BundleManifest write(Path root, byte[] profile, CodecSection section, Steps steps) {
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
      removeLeftovers(root, old, steps);
      BundleManifest renewed = renewed(old, profile, section);
      for (Half half : Half.values()) {
        replace(root.resolve(half.folder()), section.profileFile(), profile, steps);
      }
      replace(root, Bundle.MANIFEST, ManifestJson.write(renewed), steps);
      removeLeftovers(root, renewed, steps);
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

  private static void replace(Path folder, String name, byte[] content, Steps steps)
      throws IOException {
    Path temporary = folder.resolve(TEMPORARY);
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      // Before the move: a name must never stand for bytes that a power cut can take away.
      channel.force(true);
    }
    steps.done(temporary);
    Path target = folder.resolve(name);
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    steps.done(target);
  }

  /** Removes what looks like this class's own and is not named by the manifest. */
  private static void removeLeftovers(Path root, BundleManifest manifest, Steps steps)
      throws IOException {
    List<String> named = manifest.files().stream().map(BundleFile::path).toList();
    for (Path folder : List.of(root, root.resolve("device"), root.resolve("server"))) {
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : (Iterable<Path>) entries::iterator) {
          String path = root.relativize(entry).toString().replace('\\', '/');
          if (leavesBehind(path) && !named.contains(path)) {
            Files.delete(entry);
            steps.done(entry);
          }
        }
      }
    }
  }
}

package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * One half of a bundle on disk, verified: every file the manifest names for it is there with its
 * size and hash, and the manifest's id is that of its content.
 *
 * <p>The other half need not be there: each side holds its own and {@code bundle.json}. Immutable;
 * it does not notice files that change after it was opened.
 */
public final class Bundle {
  /** The manifest's file name. */
  public static final String MANIFEST = "bundle.json";

  private final Path root;
  private final Half half;
  private final BundleManifest manifest;

  private Bundle(Path root, Half half, BundleManifest manifest) {
    this.root = root;
    this.half = half;
    this.manifest = manifest;
  }

  /**
   * Verifies and opens one half. Reads every byte of that half once.
   *
   * @throws MalformedBundle naming the file that is missing, changed or not to be named
   */
  public static Bundle open(Path root, Half half) {
    BundleManifest manifest = readManifest(root);
    if (manifest.files(half).isEmpty()) {
      throw new MalformedBundle(
          root.toString(), "its manifest names no file of the " + half.folder() + " half");
    }
    for (BundleFile file : manifest.files(half)) {
      verify(root, file);
    }
    return new Bundle(root, half, manifest);
  }

  /**
   * Reads {@code bundle.json} and checks that its id is that of its content, without touching the
   * halves.
   *
   * @throws MalformedBundle when it is not there, damaged or changed
   */
  public static BundleManifest readManifest(Path root) {
    Path path = root.resolve(MANIFEST);
    BundleManifest manifest;
    try {
      if (!Files.isRegularFile(path)) {
        throw new MalformedBundle(
            path.toString(),
            "is not there; make a bundle with: cleave split --model DIR --out DIR");
      }
      if (Files.size(path) > ManifestJson.MAX_BYTES) {
        throw new MalformedBundle(
            path.toString(), "is larger than " + ManifestJson.MAX_BYTES + " bytes");
      }
      manifest = ManifestJson.parse(Files.readAllBytes(path), path.toString());
    } catch (IOException e) {
      throw new MalformedBundle(path.toString(), "cannot be read: " + e.getMessage(), e);
    }
    BundleId content = ManifestJson.contentId(manifest);
    if (!content.equals(manifest.id())) {
      throw new MalformedBundle(
          path.toString(),
          "says id " + manifest.id() + ", but its content has " + content + "; split again");
    }
    return manifest;
  }

  private static void verify(Path root, BundleFile file) {
    Path path = root.resolve(file.path());
    try {
      // A link could lead out of the bundle, where the hash would be of somebody else's file.
      if (!plainFolders(root, path) || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new MalformedBundle(path.toString(), "is missing or no plain file");
      }
      long bytes = Files.size(path);
      if (bytes != file.bytes()) {
        throw new MalformedBundle(
            path.toString(), "has " + bytes + " bytes, the manifest says " + file.bytes());
      }
      String sha256 = Sha256.hex(path);
      if (!sha256.equals(file.sha256())) {
        throw new MalformedBundle(
            path.toString(), "has sha-256 " + sha256 + ", the manifest says " + file.sha256());
      }
    } catch (IOException e) {
      throw new MalformedBundle(path.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  /** Whether all folders from the bundle down to a file are folders and no links. */
  private static boolean plainFolders(Path root, Path file) {
    for (Path folder = file.getParent();
        folder != null && !folder.equals(root);
        folder = folder.getParent()) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
    }
    return true;
  }

  /** What was split and the hashes of both halves. */
  public BundleManifest manifest() {
    return manifest;
  }

  /** The bundle's name on the wire. */
  public BundleId id() {
    return manifest.id();
  }

  /** The half that was opened. */
  public Half half() {
    return half;
  }

  /** The bundle's folder. */
  public Path root() {
    return root;
  }

  /**
   * The path of a file of this half.
   *
   * @param name as in the manifest, without the half's folder: {@code encoder.onnx}, {@code
   *     hailo/encoder-64.onnx}
   * @throws MalformedBundle when the manifest names no such file
   */
  public Path file(String name) {
    for (BundleFile file : manifest.files(half)) {
      if (file.name().equals(name)) {
        return root.resolve(half.folder()).resolve(name);
      }
    }
    throw new MalformedBundle(
        root.resolve(MANIFEST).toString(), "names no " + half.folder() + "/" + name);
  }
}

package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.error.UntrustedBundle;
import dev.cleave.split.signing.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

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
    return open(root, half, Trust.inAnyone());
  }

  /**
   * As above, of what is trusted alone. Where a signature is asked for, it is checked before the
   * manifest is parsed, and the half's folder must hold what the manifest names and nothing else.
   *
   * @throws UntrustedBundle when it is not signed by a trusted key, or was changed since
   * @throws MalformedBundle naming the file that is missing, changed or not to be named
   */
  public static Bundle open(Path root, Half half, Trust trust) {
    BundleManifest manifest = readManifest(root, trust);
    if (manifest.files(half).isEmpty()) {
      throw new MalformedBundle(
          root.toString(), "its manifest names no file of the " + half.folder() + " half");
    }
    if (trust.asksForSignature()) {
      requireNothingElse(root, manifest, half);
    }
    for (BundleFile file : manifest.files(half)) {
      verify(root, file, trust);
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
    return readManifest(root, Trust.inAnyone());
  }

  /**
   * As above, of what is trusted alone.
   *
   * @throws UntrustedBundle when it is not signed by a trusted key, or was changed since
   * @throws MalformedBundle when it is not there, damaged or changed
   */
  public static BundleManifest readManifest(Path root, Trust trust) {
    Path path = root.resolve(MANIFEST);
    byte[] bytes = manifestBytes(root);
    // First: what nobody trusted wrote is not even parsed.
    trust.require(root, bytes);
    BundleManifest manifest = ManifestJson.parse(bytes, path.toString());
    BundleId content = ManifestJson.contentId(manifest);
    if (!content.equals(manifest.id())) {
      throw new MalformedBundle(
          path.toString(),
          "says id " + manifest.id() + ", but its content has " + content + "; split again");
    }
    return manifest;
  }

  static byte[] manifestBytes(Path root) {
    Path path = root.resolve(MANIFEST);
    if (!Files.isRegularFile(path)) {
      throw new MalformedBundle(
          path.toString(), "is not there; make a bundle with: cleave split --model DIR --out DIR");
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(ManifestJson.MAX_BYTES + 1);
      if (bytes.length > ManifestJson.MAX_BYTES) {
        throw new MalformedBundle(
            path.toString(), "is larger than " + ManifestJson.MAX_BYTES + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new MalformedBundle(path.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  /** A file that a signed manifest does not name was put there by somebody else. */
  private static void requireNothingElse(Path root, BundleManifest manifest, Half half) {
    Set<String> named = new HashSet<>();
    for (BundleFile file : manifest.files(half)) {
      String path = file.path();
      named.add(path);
      for (int end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
        named.add(path.substring(0, end));
      }
    }
    Path folder = root.resolve(half.folder());
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        String path = root.relativize(entry).toString().replace('\\', '/');
        if (!named.contains(path)) {
          throw new UntrustedBundle(
              entry.toString(), "is not named by the signed manifest; remove it");
        }
      }
    } catch (IOException e) {
      throw new MalformedBundle(folder.toString(), "cannot be listed: " + e.getMessage(), e);
    }
  }

  private static void verify(Path root, BundleFile file, Trust trust) {
    Path path = root.resolve(file.path());
    try {
      // A link could lead out of the bundle, where the hash would be of somebody else's file.
      if (!plainFolders(root, path) || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw changed(trust, path, "is missing or no plain file");
      }
      long bytes = Files.size(path);
      if (bytes != file.bytes()) {
        throw changed(trust, path, "has " + bytes + " bytes, the manifest says " + file.bytes());
      }
      String sha256 = Sha256.hex(path);
      if (!sha256.equals(file.sha256())) {
        throw changed(
            trust, path, "has sha-256 " + sha256 + ", the manifest says " + file.sha256());
      }
    } catch (IOException e) {
      throw new MalformedBundle(path.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  /** Under a signature the manifest is what somebody vouches for: the file is not. */
  private static SplitException changed(Trust trust, Path file, String how) {
    return trust.asksForSignature()
        ? new UntrustedBundle(
            file.toString(),
            how + "; it is not what was signed: copy the bundle again from where it was signed")
        : new MalformedBundle(file.toString(), how);
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

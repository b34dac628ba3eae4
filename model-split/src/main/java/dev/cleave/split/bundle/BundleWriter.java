package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.signing.Signature;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Writes a bundle beside its destination and moves it into place when it is whole.
 *
 * <p>Nothing but a bundle is ever replaced, and that only when asked to. Closing without {@link
 * #finish} removes what was written. Confined to one thread.
 */
public final class BundleWriter implements AutoCloseable {
  private final Path destination;
  private final boolean replace;
  private final Path staging;

  private BundleWriter(Path destination, boolean replace, Path staging) {
    this.destination = destination;
    this.replace = replace;
    this.staging = staging;
  }

  /**
   * Makes the temporary folder.
   *
   * @param destination where the bundle will stand
   * @param replace whether a bundle that stands there is replaced
   * @throws SplitException when something stands there that must not be replaced
   */
  public static BundleWriter open(Path destination, boolean replace) {
    Path absolute = destination.toAbsolutePath().normalize();
    checkDestination(absolute, replace);
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new SplitException("write", absolute.toString(), "is the root of the file system");
    }
    try {
      Files.createDirectories(parent);
      Path staging = Files.createTempDirectory(parent, "." + absolute.getFileName() + ".");
      BundleWriter writer = new BundleWriter(absolute, replace, staging);
      try {
        for (Half half : Half.values()) {
          Files.createDirectory(staging.resolve(half.folder()));
        }
        return writer;
      } catch (IOException e) {
        writer.close();
        throw e;
      }
    } catch (IOException e) {
      throw new SplitException("write", absolute.toString(), "cannot be made: " + e, e);
    }
  }

  private static void checkDestination(Path destination, boolean replace) {
    if (!Files.exists(destination, LinkOption.NOFOLLOW_LINKS) || isEmptyFolder(destination)) {
      return;
    }
    if (!isBundle(destination)) {
      throw new SplitException(
          "write", destination.toString(), "exists and is no bundle; name another folder");
    }
    if (!replace) {
      throw new SplitException(
          "write", destination.toString(), "holds a bundle already; --force replaces it");
    }
  }

  private static boolean isEmptyFolder(Path path) {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  /** A folder with a readable manifest and nothing in it that a bundle does not have. */
  private static boolean isBundle(Path path) {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (Stream<Path> entries = Files.walk(path)) {
      BundleManifest manifest = Bundle.readManifest(path);
      List<String> known =
          new ArrayList<>(List.of("", Bundle.MANIFEST, Signature.FILE, "device", "server"));
      known.add(BundleFile.HAILO);
      manifest.files().forEach(file -> known.add(file.path()));
      return entries
          .map(entry -> path.relativize(entry).toString().replace('\\', '/'))
          .allMatch(entry -> known.contains(entry) || leftBehind(entry));
    } catch (IOException | MalformedBundle e) {
      return false;
    }
  }

  private static boolean leftBehind(String path) {
    return CodecWriter.leavesBehind(path)
        || CompiledWriter.leavesBehind(path)
        || path.equals(BundleSigner.TEMPORARY);
  }

  /** Where to write a file of a half; its folder exists. */
  public Path file(Half half, String name) {
    return staging.resolve(half.folder()).resolve(name);
  }

  /** What was written so far, in bytes. */
  public long bytes() throws IOException {
    long bytes = 0;
    for (Half half : Half.values()) {
      for (Path entry : entries(half)) {
        bytes += Files.size(entry);
      }
    }
    return bytes;
  }

  private List<Path> entries(Half half) throws IOException {
    try (Stream<Path> entries = Files.walk(staging.resolve(half.folder()))) {
      return entries.filter(entry -> !Files.isDirectory(entry)).toList();
    }
  }

  /** As below, telling nobody. */
  public BundleManifest finish(
      BundleManifest.Model model, BundleManifest.Boundary boundary, BundleManifest.Limits limits) {
    return finish(model, boundary, limits, _ -> {});
  }

  /**
   * Hashes what was written, writes the manifest and moves the bundle into place.
   *
   * @param hashed told the bytes of each chunk
   * @return the manifest, with its id
   */
  public BundleManifest finish(
      BundleManifest.Model model,
      BundleManifest.Boundary boundary,
      BundleManifest.Limits limits,
      LongConsumer hashed) {
    try {
      List<BundleFile> files = new ArrayList<>();
      for (Half half : Half.values()) {
        for (Path entry : entries(half)) {
          files.add(
              new BundleFile(
                  staging.relativize(entry).toString().replace('\\', '/'),
                  Files.size(entry),
                  Sha256.hex(entry, hashed)));
        }
      }
      BundleManifest manifest = ManifestJson.sealed(model, boundary, limits, files);
      Files.write(staging.resolve(Bundle.MANIFEST), ManifestJson.write(manifest));
      // Temporary folders are made private; a bundle is served by another user as a rule.
      openToReaders();
      moveIntoPlace();
      return manifest;
    } catch (IOException e) {
      throw new SplitException("write", destination.toString(), "failed: " + e, e);
    }
  }

  private void openToReaders() throws IOException {
    if (Files.getFileStore(staging).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(staging, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private void moveIntoPlace() throws IOException {
    // Checked again: the destination may have changed while the halves were written.
    checkDestination(destination, replace);
    if (!Files.exists(destination, LinkOption.NOFOLLOW_LINKS) || isEmptyFolder(destination)) {
      move(staging, destination);
      return;
    }
    Path old = staging.resolveSibling(staging.getFileName() + ".old");
    move(destination, old);
    try {
      move(staging, destination);
    } catch (IOException e) {
      move(old, destination);
      throw e;
    }
    delete(old);
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException | FileAlreadyExistsException e) {
      Files.move(from, to);
    }
  }

  @Override
  public void close() {
    try {
      if (Files.exists(staging)) {
        delete(staging);
      }
    } catch (IOException e) {
      throw new SplitException("clean", staging.toString(), "failed; remove it by hand: " + e, e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path entry : (Iterable<Path>) entries.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(entry);
      }
    }
  }
}

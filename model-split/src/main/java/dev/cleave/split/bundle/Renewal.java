package dev.cleave.split.bundle;

import dev.cleave.split.signing.Signature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The steps by which a bundle that stands is renewed: files under names that say what is in them
 * beside the old ones, then the manifest in one move, then the old ones go. A crash at any point
 * leaves a bundle that opens, as it was or as it shall be. Confined to one thread.
 *
 * @param root the bundle's folder
 * @param temporary name of a file under which another one is written until it is whole
 * @param own whether a path within the bundle is of this renewal's kind, or left behind by one
 * @param steps told of each change
 */
record Renewal(Path root, String temporary, Predicate<String> own, Steps steps) {
  /** Told after each step that changed something on disk; a test's place to crash. */
  interface Steps {
    void done(Path changed) throws IOException;
  }

  /** Writes a file in full and moves it into place. */
  void replace(String path, byte[] content) throws IOException {
    Path target = root.resolve(path);
    Path unfinished = target.resolveSibling(temporary);
    try (FileChannel channel =
        FileChannel.open(
            unfinished,
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
    steps.done(unfinished);
    Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
    steps.done(target);
  }

  /**
   * Makes a manifest the bundle's own, then removes what it does not name. A signature goes first:
   * it is of the manifest as it was.
   */
  void publish(BundleManifest manifest) throws IOException {
    Path signature = root.resolve(Signature.FILE);
    if (Files.deleteIfExists(signature)) {
      steps.done(signature);
    }
    replace(Bundle.MANIFEST, ManifestJson.write(manifest));
    removeLeftovers(manifest);
  }

  /** Removes what is of this kind and not named by the manifest. */
  void removeLeftovers(BundleManifest manifest) throws IOException {
    List<String> named = manifest.files().stream().map(BundleFile::path).toList();
    for (String name : List.of("", "device", "server", BundleFile.HAILO)) {
      Path folder = root.resolve(name);
      if (!Files.isDirectory(folder)) {
        continue;
      }
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : (Iterable<Path>) entries::iterator) {
          String path = root.relativize(entry).toString().replace('\\', '/');
          if (own.test(path) && !named.contains(path)) {
            Files.delete(entry);
            steps.done(entry);
          }
        }
      }
    }
  }
}

package dev.cleave.edge.keys;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a set of files into one folder, each as a whole, and secrets for their owner's eyes alone.
 * Confined to one thread.
 */
public final class KeyFolder {
  private record Content(String text, boolean secret) {}

  private final Path folder;
  private final Map<String, Content> files = new LinkedHashMap<>();

  /** Nothing is written before {@link #write}. */
  public KeyFolder(Path folder) {
    this.folder = folder;
  }

  /** Adds a file that anybody may read. */
  public KeyFolder shared(String name, String text) {
    files.put(name, new Content(text, false));
    return this;
  }

  /** Adds a file that its owner alone may read. */
  public KeyFolder secret(String name, String text) {
    files.put(name, new Content(text, true));
    return this;
  }

  /**
   * Writes all files.
   *
   * @param force whether files that are there are replaced; without, nothing is written then
   * @return the files, in the order in which they were added
   */
  public List<Path> write(boolean force) {
    if (!force) {
      for (String name : files.keySet()) {
        if (Files.exists(folder.resolve(name))) {
          throw CleaveException.fatal(
              Code.INPUT,
              folder.resolve(name) + " is there already",
              "choose another --out, or replace it with --force");
        }
      }
    }
    List<Path> written = new ArrayList<>();
    try {
      Files.createDirectories(folder.toAbsolutePath());
      for (Map.Entry<String, Content> file : files.entrySet()) {
        written.add(write(folder.resolve(file.getKey()), file.getValue()));
      }
    } catch (IOException e) {
      throw CleaveException.fatal(
              Code.INPUT,
              "cannot write into %s (%s)".formatted(folder, e.getClass().getSimpleName()),
              "choose an --out that can be written")
          .causedBy(e);
    }
    return written;
  }

  /** Readers see the whole file or the one before, and nobody else ever sees a secret. */
  private static Path write(Path file, Content content) throws IOException {
    boolean posix = Files.getFileStore(parent(file)).supportsFileAttributeView("posix");
    FileAttribute<?>[] mode =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(
                  PosixFilePermissions.fromString(content.secret() ? "rw-------" : "rw-r--r--"))
            }
            : new FileAttribute<?>[0];
    Path fresh = Files.createTempFile(parent(file), ".new", "", mode);
    try {
      Files.writeString(fresh, content.text(), StandardCharsets.US_ASCII);
      return Files.move(
          fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static Path parent(Path file) {
    Path parent = file.toAbsolutePath().getParent();
    return parent == null ? file.toAbsolutePath() : parent;
  }
}

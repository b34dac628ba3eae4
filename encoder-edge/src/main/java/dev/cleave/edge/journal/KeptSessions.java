package dev.cleave.edge.journal;

import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The sessions that a folder has journals of. What is in them stays sealed: to list and to forget
 * them takes no key. Thread-safe.
 *
 * @param folder may not be there, and then has none
 */
public record KeptSessions(Path folder) {

  /**
   * One session.
   *
   * @param id its name
   * @param lastWritten when something was written down of it
   * @param bytes of its journal
   * @param inUse whether a process that lives has it
   */
  public record Kept(SessionId id, Instant lastWritten, long bytes, boolean inUse) {}

  /** What became of a session that was to be forgotten. */
  public enum Erasure {
    /** It is forgotten. */
    ERASED,
    /** A process that lives has it: it stays. */
    IN_USE,
    /** There is none of this name. */
    ABSENT
  }

  /** All sessions, those that were written last first. */
  public List<Kept> list() {
    List<Kept> found = new ArrayList<>();
    for (SessionId id : ids()) {
      try {
        BasicFileAttributes file = attributes(id);
        found.add(
            new Kept(
                id,
                file.lastModifiedTime().toInstant(),
                file.size(),
                JournalFile.isInUse(folder, id)));
      } catch (NoSuchFileException e) {
        // It has ended since.
      } catch (IOException e) {
        throw failed(e);
      }
    }
    found.sort(Comparator.comparing(Kept::lastWritten).reversed());
    return List.copyOf(found);
  }

  /**
   * Forgets a session: overwrites the key of its journal, without which the rest is noise, and
   * deletes it.
   */
  public Erasure erase(SessionId id) {
    try (JournalFile file = JournalFile.tryOpen(folder, id)) {
      if (file == null) {
        return Erasure.IN_USE;
      }
      file.erase();
      return Erasure.ERASED;
    } catch (NoSuchFileException e) {
      return Erasure.ABSENT;
    } catch (IOException e) {
      throw SealedRecords.failed("could not erase the journal " + JournalFile.path(folder, id), e);
    }
  }

  /** Forgets what nobody has written to since, unless it is in use. */
  void eraseOlderThan(Instant before) {
    for (SessionId id : ids()) {
      try {
        if (attributes(id).lastModifiedTime().toInstant().isBefore(before)) {
          var _ = erase(id);
        }
      } catch (NoSuchFileException e) {
        // It has ended since.
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }

  private List<SessionId> ids() {
    List<SessionId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + JournalFile.SUFFIX)) {
      for (Path file : files) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          String name = String.valueOf(file.getFileName());
          SessionId.tryParse(name.substring(0, name.length() - JournalFile.SUFFIX.length()))
              .ifPresent(ids::add);
        }
      }
      return ids;
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (DirectoryIteratorException | IOException e) {
      throw failed(e);
    }
  }

  private BasicFileAttributes attributes(SessionId id) throws IOException {
    return Files.readAttributes(
        JournalFile.path(folder, id), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private CleaveException failed(Exception cause) {
    return CleaveException.fatal(
            CleaveException.Code.JOURNAL,
            "could not read the folder of sessions " + folder,
            "check that it is yours, and that the disk is whole")
        .causedBy(cause);
  }
}

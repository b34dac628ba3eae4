package dev.cleave.edge.journal;

import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;

/**
 * Where a device keeps the journals of its sessions, and the key that opens them. Thread-safe.
 *
 * @param path of the folder, for its owner's eyes alone
 * @param key that wraps the keys of the journals
 */
public record JournalFolder(Path path, SessionKey key) {
  private static final Duration LEFTOVER = Duration.ofDays(1);

  /** Makes the folder where there is none, and erases what nobody came back for within a day. */
  public static JournalFolder open(Path path, SessionKey key, Clock clock) {
    try {
      boolean posix = path.getFileSystem().supportedFileAttributeViews().contains("posix");
      FileAttribute<?>[] mode =
          posix
              ? new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
              }
              : new FileAttribute<?>[0];
      Files.createDirectories(path, mode);
    } catch (IOException e) {
      throw SealedRecords.failed("could not open the folder of sessions " + path, e);
    }
    new KeptSessions(path).eraseOlderThan(clock.instant().minus(LEFTOVER));
    return new JournalFolder(path, key);
  }

  /** Where it is unless told otherwise. */
  public static Path usual() {
    String state = System.getenv("XDG_STATE_HOME");
    Path base =
        state == null || state.isBlank()
            ? Path.of(System.getProperty("user.home"), ".local", "state")
            : Path.of(state);
    return base.resolve("cleave").resolve("sessions");
  }

  /** Begins the journal of a new session. */
  public SessionJournal begin(byte[] beginning) {
    return SessionJournal.create(path, key, SessionId.draw(new SecureRandom()), beginning);
  }

  /**
   * Opens the journal of a session that another process began.
   *
   * @throws CleaveException when there is none, it is in use, or this is not its key
   */
  public SessionJournal open(SessionId id) {
    return SessionJournal.open(path, key, id);
  }
}

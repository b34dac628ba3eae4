package dev.cleave.edge.journal;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The file of one journal, locked for as long as this is open:
 *
 * <pre>
 *    +---------------------------------------------------------------+
 *  0 |  magic: 'C' 'L' 'V' 'J'                                       |
 *    +---------------------------------------------------------------+
 *  4 |  version = 1                                                  |
 *    +---------------------------------------------------------------+
 *  8 |  the data key, wrapped: nonce of 12 bytes, 32, tag of 16      |
 *    +---------------------------------------------------------------+
 * 68 |  records, see {@link SealedRecords}                           |
 *    +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Overwriting those 60 bytes is the end of all the rest, and needs no key. Confined to who holds
 * the session's lock.
 */
final class JournalFile implements AutoCloseable {
  static final String SUFFIX = ".journal";

  private static final int MAGIC = 'C' << 24 | 'L' << 16 | 'V' << 8 | 'J';
  private static final int VERSION = 1;
  private static final int KEY_OFFSET = 8;
  private static final int WRAPPED_BYTES = 12 + SessionKey.BYTES + 16;
  private static final int HEADER_BYTES = KEY_OFFSET + WRAPPED_BYTES;

  /**
   * The files that this process has open. It must not open one of them once more: the system takes
   * the lock of a process from it when it closes the file anywhere.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final SessionId id;
  private final Path path;
  private final FileChannel channel;
  private boolean closed;

  private JournalFile(SessionId id, Path path, FileChannel channel) {
    this.id = id;
    this.path = path;
    this.channel = channel;
  }

  static Path path(Path folder, SessionId id) {
    return folder.resolve(id + SUFFIX);
  }

  /** How the channel of a file that nobody has comes about. */
  private interface Opener {
    FileChannel open(Path path) throws IOException;
  }

  /** Makes the file, which holds nothing yet. */
  static JournalFile create(Path folder, SessionId id) throws IOException {
    JournalFile file = tryLock(folder, id, SealedRecords::create);
    if (file == null) {
      throw inUse(id);
    }
    return file;
  }

  /**
   * Opens a file that is there.
   *
   * @return null where a process that lives has it, or this one does
   */
  static @Nullable JournalFile tryOpen(Path folder, SessionId id) throws IOException {
    return tryLock(
        folder,
        id,
        path ->
            FileChannel.open(
                path,
                Set.of(
                    StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)));
  }

  private static @Nullable JournalFile tryLock(Path folder, SessionId id, Opener opener)
      throws IOException {
    Path path = path(folder.toRealPath(), id);
    if (!HELD.add(path)) {
      return null;
    }
    boolean locked = false;
    try {
      FileChannel channel = opener.open(path);
      try {
        locked = channel.tryLock() != null;
      } finally {
        if (!locked) {
          channel.close();
        }
      }
      return locked ? new JournalFile(id, path, channel) : null;
    } finally {
      if (!locked) {
        HELD.remove(path);
      }
    }
  }

  /** Whether {@link #tryOpen} would give nothing; leaves the file as it is. */
  static boolean isInUse(Path folder, SessionId id) throws IOException {
    Path path = path(folder.toRealPath(), id);
    if (!HELD.add(path)) {
      return true;
    }
    try (FileChannel channel =
            FileChannel.open(path, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
        FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
      return lock == null;
    } finally {
      HELD.remove(path);
    }
  }

  static CleaveException inUse(SessionId id) {
    return CleaveException.fatal(
        Code.INPUT,
        "the session %s is in use by a process that lives".formatted(id),
        "wait for it, or end it");
  }

  FileChannel channel() {
    return channel;
  }

  /** Begins a file that is empty. */
  void writeKey(byte[] wrapped) throws IOException {
    ByteBuffer header =
        ByteBuffer.allocate(HEADER_BYTES).putInt(MAGIC).putInt(VERSION).put(wrapped).flip();
    while (header.hasRemaining()) {
      channel.write(header);
    }
  }

  /** The wrapped key; the channel then stands at the first record. */
  byte[] readKey() throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    while (header.hasRemaining() && channel.read(header) >= 0) {}
    if (header.hasRemaining() || header.getInt(0) != MAGIC || header.getInt(4) != VERSION) {
      throw unreadable("it is no journal of this version");
    }
    byte[] wrapped = new byte[WRAPPED_BYTES];
    header.get(KEY_OFFSET, wrapped);
    return wrapped;
  }

  /** What every part of the file is sealed with, beside its number. */
  byte[] associated() {
    return ByteBuffer.allocate(2 * Integer.BYTES + 16)
        .putInt(MAGIC)
        .putInt(VERSION)
        .put(id.bytes())
        .array();
  }

  CleaveException unreadable(String why) {
    return CleaveException.fatal(
        Code.JOURNAL,
        "could not read the journal %s: %s".formatted(path, why),
        "it cannot be resumed: forget it with cleave sessions erase, and generate again");
  }

  /** Overwrites the wrapped key, does not go on before the disk has that, and deletes the file. */
  void erase() throws IOException {
    byte[] noise = new byte[WRAPPED_BYTES];
    new SecureRandom().nextBytes(noise);
    ByteBuffer bytes = ByteBuffer.wrap(noise);
    while (bytes.hasRemaining()) {
      channel.write(bytes, KEY_OFFSET + (long) bytes.position());
    }
    channel.force(true);
    Files.deleteIfExists(path);
  }

  /** Idempotent. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      try {
        channel.close();
      } finally {
        HELD.remove(path); // behind its end: the lock went with it
      }
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}

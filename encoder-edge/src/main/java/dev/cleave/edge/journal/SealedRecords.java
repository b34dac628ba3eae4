package dev.cleave.edge.journal;

import com.google.crypto.tink.Aead;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * Records in a file, each sealed with AES-256-GCM under the name of the session and its own number,
 * so that none can be changed, moved or taken from another file:
 *
 * <pre>
 *    +---------------------------------------------------------------+
 *  0 |  bytes of what is sealed (big endian)                         |
 *    +---------------------------------------------------------------+
 *  4 |  the same, every bit inverted                                 |
 *    +---------------------------------------------------------------+
 *  8 |  nonce of 12 bytes, ciphertext, tag of 16 bytes               |
 *    +---------------------------------------------------------------+
 * </pre>
 *
 * <p>A record that the file ends in was being written when the process died: it counts as not
 * written. Confined to who holds the session's lock.
 */
public final class SealedRecords implements AutoCloseable {
  private static final int HEAD_BYTES = 8;

  /** A frame of 4 MiB and what surrounds it. */
  private static final int MOST_BYTES = 5 << 20;

  private final FileChannel channel;
  private final Aead aead;
  private final byte[] name;
  private final String what;
  private long end;
  private long count;

  /**
   * Records behind what the file holds already.
   *
   * @param name of the session
   * @param what the file is, for messages
   */
  SealedRecords(FileChannel channel, Aead aead, byte[] name, String what) throws IOException {
    this.channel = channel;
    this.aead = aead;
    this.name = name;
    this.what = what;
    this.end = channel.position();
  }

  /**
   * Records in a temporary file that has no name any more where the system allows that, under a key
   * that leaves this process never: with the process both are gone.
   */
  public static SealedRecords temporary() {
    byte[] key = new byte[SessionKey.BYTES];
    new SecureRandom().nextBytes(key);
    try {
      Path file = Files.createTempFile("cleave-", ".spill"); // for the owner's eyes alone
      FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      return new SealedRecords(
          channel, SessionKey.aead(key), new byte[0], "the temporary file for frames");
    } catch (IOException e) {
      throw failed("could not make a temporary file for frames", e);
    }
  }

  /** Opens a file for its owner's eyes alone. */
  static FileChannel create(Path file) throws IOException {
    EnumSet<StandardOpenOption> options =
        EnumSet.of(
            StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? FileChannel.open(
            file,
            options,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
        : FileChannel.open(file, options);
  }

  /**
   * Writes a record; when this returns, it outlives the process.
   *
   * @return where it is, for {@link #read}
   */
  public long append(byte[] record) {
    try {
      byte[] sealed = aead.encrypt(record, associated(count));
      ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + sealed.length);
      bytes.putInt(sealed.length).putInt(~sealed.length).put(sealed).flip();
      long at = end;
      while (bytes.hasRemaining()) {
        at += channel.write(bytes, at);
      }
      long position = end;
      end = at;
      count++;
      return position;
    } catch (GeneralSecurityException | IOException e) {
      throw failed("could not write to " + what, e);
    }
  }

  /** The record that was written there, of this number. */
  public byte[] read(long position, long number) {
    try {
      byte[] sealed = sealed(position);
      if (sealed == null) {
        throw new EOFException("the file ends before its record");
      }
      return aead.decrypt(sealed, associated(number));
    } catch (GeneralSecurityException | IOException e) {
      throw failed("could not read " + what, e);
    }
  }

  /** How many records there are. */
  public long count() {
    return count;
  }

  /**
   * The next record of a file that is opened again; null at its end, where writing goes on.
   *
   * @throws CleaveException when it is damaged
   */
  byte @Nullable [] next() {
    try {
      byte[] sealed = sealed(end);
      if (sealed == null) {
        channel.truncate(end); // what a process that died was writing
        return null;
      }
      byte[] record = aead.decrypt(sealed, associated(count));
      end += HEAD_BYTES + sealed.length;
      count++;
      return record;
    } catch (GeneralSecurityException e) {
      throw damaged().causedBy(e);
    } catch (IOException e) {
      throw failed("could not read " + what, e);
    }
  }

  /** Null where the file ends within it. */
  private byte @Nullable [] sealed(long position) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
    if (!readFully(head, position)) {
      return null;
    }
    int length = head.getInt(0);
    if (head.getInt(4) != ~length || length < 0 || length > MOST_BYTES) {
      throw damaged();
    }
    ByteBuffer sealed = ByteBuffer.allocate(length);
    return readFully(sealed, position + HEAD_BYTES) ? sealed.array() : null;
  }

  private boolean readFully(ByteBuffer into, long position) throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = channel.read(into, at);
      if (read < 0) {
        return false;
      }
      at += read;
    }
    return true;
  }

  private byte[] associated(long number) {
    return ByteBuffer.allocate(name.length + Long.BYTES).put(name).putLong(number).array();
  }

  CleaveException damaged() {
    return CleaveException.fatal(
        Code.JOURNAL,
        what + " is damaged behind %d records".formatted(count),
        "it cannot be resumed: forget it with cleave sessions erase, and generate again");
  }

  static CleaveException failed(String what, Exception cause) {
    return CleaveException.fatal(
            Code.JOURNAL, what, "check that there is room and that the disk is whole")
        .causedBy(cause);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed("could not close " + what, e);
    }
  }
}

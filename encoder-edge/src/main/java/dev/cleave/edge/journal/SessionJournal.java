package dev.cleave.edge.journal;

import com.google.crypto.tink.Aead;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What one session has been, on disk: how it began, what it sent and what it was answered, each
 * record before anybody else learns of it. All of it is sealed under a key of its own, which stands
 * wrapped at the front:
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
 * <p>Overwriting those 60 bytes is the end of all the rest. A file is locked by the process that
 * has it open. Confined to who holds the session's lock.
 */
public final class SessionJournal implements AutoCloseable {
  private static final int MAGIC = 'C' << 24 | 'L' << 16 | 'V' << 8 | 'J';
  private static final int VERSION = 1;
  private static final int KEY_OFFSET = 8;
  private static final int WRAPPED_BYTES = 12 + SessionKey.BYTES + 16;
  private static final int HEADER_BYTES = KEY_OFFSET + WRAPPED_BYTES;

  private static final byte BEGUN = 1;
  private static final byte ATTEMPT = 2;
  private static final byte OPENED = 3;
  private static final byte HIDDEN = 4;
  private static final byte STEP = 5;
  private static final byte END_OF_PROMPT = 6;
  private static final byte ANSWER = 7;

  /** One record behind the first. */
  public sealed interface Entry {
    /** The session was opened once more, or would be next. */
    record Attempt(int number) implements Entry {}

    /** The first server opened it. */
    record Began(Opened opened) implements Entry {}

    /** The device sent this. */
    record Sent(Uplink message) implements Entry {}

    /** It was answered this. */
    record Answered(ServerMessage message) implements Entry {}
  }

  private final SessionId id;
  private final Path file;
  private final FileChannel channel;
  private final SealedRecords records;
  private final byte[] beginning;
  private final List<Entry> past;
  private boolean closed;

  private SessionJournal(
      SessionId id, Path file, FileChannel channel, SealedRecords records, List<byte[]> past) {
    this.id = id;
    this.file = file;
    this.channel = channel;
    this.records = records;
    this.beginning = past.getFirst();
    this.past = past.stream().skip(1).map(this::entry).toList();
  }

  /**
   * Begins a journal.
   *
   * @param beginning what the session begins with, for who will resume it
   */
  static SessionJournal create(Path folder, SessionKey key, SessionId id, byte[] beginning) {
    Path file = file(folder, id);
    byte[] dataKey = new byte[SessionKey.BYTES];
    new SecureRandom().nextBytes(dataKey);
    try {
      FileChannel channel = SealedRecords.create(file);
      try {
        lock(channel, id);
        ByteBuffer header =
            ByteBuffer.allocate(HEADER_BYTES)
                .putInt(MAGIC)
                .putInt(VERSION)
                .put(key.aead().encrypt(dataKey, associated(id)))
                .flip();
        while (header.hasRemaining()) {
          channel.write(header);
        }
        SealedRecords records = records(channel, SessionKey.aead(dataKey), id);
        byte[] first = ByteBuffer.allocate(1 + beginning.length).put(BEGUN).put(beginning).array();
        records.append(first);
        return new SessionJournal(id, file, channel, records, List.of(beginning));
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        channel.close();
        Files.deleteIfExists(file);
        throw e;
      }
    } catch (IOException | GeneralSecurityException e) {
      throw SealedRecords.failed("could not begin the journal " + file, e);
    }
  }

  /** Opens the journal of a session that another process began. */
  static SessionJournal open(Path folder, SessionKey key, SessionId id) {
    Path file = file(folder, id);
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
      try {
        lock(channel, id);
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        while (header.hasRemaining() && channel.read(header) >= 0) {}
        if (header.hasRemaining() || header.getInt(0) != MAGIC || header.getInt(4) != VERSION) {
          throw unreadable(file, "it is no journal of this version");
        }
        byte[] wrapped = new byte[WRAPPED_BYTES];
        header.get(KEY_OFFSET, wrapped);
        Aead aead = SessionKey.aead(unwrap(key, wrapped, id, file));
        SealedRecords records = records(channel, aead, id);
        List<byte[]> past = new ArrayList<>();
        for (byte[] record = records.next(); record != null; record = records.next()) {
          past.add(record);
        }
        if (past.isEmpty() || past.getFirst()[0] != BEGUN) {
          throw unreadable(file, "it ends before the session began");
        }
        byte[] first = past.getFirst();
        past.set(0, Arrays.copyOfRange(first, 1, first.length));
        return new SessionJournal(id, file, channel, records, past);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw CleaveException.fatal(
              Code.INPUT,
              "there is no session %s to be resumed in %s".formatted(id, folder),
              "it has ended, was erased, or is kept elsewhere (--session-dir)")
          .causedBy(e);
    } catch (IOException e) {
      throw SealedRecords.failed("could not open the journal " + file, e);
    }
  }

  /** The name of the session. */
  public SessionId id() {
    return id;
  }

  /** What the session began with. A copy. */
  public byte[] beginning() {
    return beginning.clone();
  }

  /** What was recorded before this process opened the journal. */
  public List<Entry> past() {
    return past;
  }

  /** The session is about to be opened under this number. */
  public void attempt(int number) {
    records.append(ByteBuffer.allocate(5).put(ATTEMPT).putInt(number).array());
  }

  /** A server has opened it, and the device goes by what it said. */
  public void opened(Opened opened) {
    append(OPENED, ByteBuffer.wrap(opened.toByteArray()));
  }

  /** This is about to be sent. */
  public void sent(Uplink message) {
    switch (message) {
      case Uplink.Hidden(ByteBuffer frame) -> append(HIDDEN, frame);
      case Uplink.Step(ByteBuffer frame) -> append(STEP, frame);
      case Uplink.EndOfPrompt(int positions) ->
          records.append(ByteBuffer.allocate(5).put(END_OF_PROMPT).putInt(positions).array());
      case Uplink.OpenSession _, Uplink.Cancel _, Uplink.Invalid _ ->
          throw new IllegalArgumentException("not a part of what is sent again");
    }
  }

  /** This came, and the caller is about to get it. */
  public void answered(ServerMessage message) {
    append(ANSWER, ByteBuffer.wrap(message.toByteArray()));
  }

  /** Forgets the session: without its key the file is noise, and then it is gone. Idempotent. */
  public void erase() {
    if (closed) {
      return;
    }
    try {
      erase(channel);
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw SealedRecords.failed("could not erase the journal " + file, e);
    } finally {
      close();
    }
  }

  /** Overwrites the wrapped key, and does not return before the disk has that. */
  static void erase(FileChannel channel) throws IOException {
    byte[] noise = new byte[WRAPPED_BYTES];
    new SecureRandom().nextBytes(noise);
    ByteBuffer bytes = ByteBuffer.wrap(noise);
    while (bytes.hasRemaining()) {
      channel.write(bytes, KEY_OFFSET + (long) bytes.position());
    }
    channel.force(true);
  }

  /** Leaves the journal to who resumes the session. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      records.close();
    }
  }

  static Path file(Path folder, SessionId id) {
    return folder.resolve(id + ".journal");
  }

  /** Null where another process, or this one, has it open. */
  static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static void lock(FileChannel channel, SessionId id) throws IOException {
    if (tryLock(channel) == null) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the session %s is in use by a process that lives".formatted(id),
          "wait for it, or end it");
    }
  }

  private static byte[] unwrap(SessionKey key, byte[] wrapped, SessionId id, Path file) {
    try {
      return key.aead().decrypt(wrapped, associated(id));
    } catch (GeneralSecurityException e) {
      throw CleaveException.fatal(
              Code.INPUT,
              "the journal %s does not open with this session key".formatted(file),
              "give the key that the session began with (--session-key)")
          .causedBy(e);
    }
  }

  private static SealedRecords records(FileChannel channel, Aead aead, SessionId id)
      throws IOException {
    return new SealedRecords(channel, aead, associated(id), "the journal of session " + id);
  }

  /** What every part of the file is sealed with, beside its number. */
  private static byte[] associated(SessionId id) {
    return ByteBuffer.allocate(2 * Integer.BYTES + 16)
        .putInt(MAGIC)
        .putInt(VERSION)
        .put(id.bytes())
        .array();
  }

  private void append(byte kind, ByteBuffer body) {
    records.append(
        ByteBuffer.allocate(1 + body.remaining()).put(kind).put(body.duplicate()).array());
  }

  private Entry entry(byte[] record) {
    ByteBuffer body = ByteBuffer.wrap(record, 1, record.length - 1).slice();
    try {
      return switch (record[0]) {
        case ATTEMPT -> new Entry.Attempt(body.getInt());
        case OPENED -> new Entry.Began(Opened.parseFrom(body));
        case HIDDEN -> new Entry.Sent(new Uplink.Hidden(body));
        case STEP -> new Entry.Sent(new Uplink.Step(body));
        case END_OF_PROMPT -> new Entry.Sent(new Uplink.EndOfPrompt(body.getInt()));
        case ANSWER -> new Entry.Answered(ServerMessage.parseFrom(body));
        default -> throw records.damaged();
      };
    } catch (InvalidProtocolBufferException | BufferUnderflowException e) {
      throw records.damaged().causedBy(e);
    }
  }

  private static CleaveException unreadable(Path file, String why) {
    return CleaveException.fatal(
        Code.JOURNAL,
        "could not read the journal %s: %s".formatted(file, why),
        "it cannot be resumed: delete it, and generate again");
  }

  /** The number of the attempt that was recorded last; empty in a journal without a past. */
  public OptionalInt lastAttempt() {
    return past.stream()
        .flatMapToInt(it ->
            it instanceof Entry.Attempt(int number) ? IntStream.of(number) : IntStream.empty())
        .reduce((first, second) -> second);
  }
}

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
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What one session has been, on disk: how it began, what it sent and what it was answered, each
 * record before anybody else learns of it. All of it is sealed under a key of its own, which stands
 * wrapped at the front of the {@link JournalFile}. Confined to who holds the session's lock.
 */
public final class SessionJournal implements AutoCloseable {
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
  private final JournalFile file;
  private final SealedRecords records;
  private final byte[] beginning;
  private final List<Entry> past;
  private boolean closed;

  private SessionJournal(SessionId id, JournalFile file, SealedRecords records, List<byte[]> past) {
    this.id = id;
    this.file = file;
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
    byte[] dataKey = new byte[SessionKey.BYTES];
    new SecureRandom().nextBytes(dataKey);
    try {
      JournalFile file = JournalFile.create(folder, id);
      try {
        file.writeKey(key.aead().encrypt(dataKey, file.associated()));
        SealedRecords records = records(file, SessionKey.aead(dataKey), id);
        byte[] first = ByteBuffer.allocate(1 + beginning.length).put(BEGUN).put(beginning).array();
        records.append(first);
        return new SessionJournal(id, file, records, List.of(beginning));
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        file.close();
        Files.deleteIfExists(JournalFile.path(folder, id));
        throw e;
      }
    } catch (IOException | GeneralSecurityException e) {
      throw SealedRecords.failed("could not begin the journal " + JournalFile.path(folder, id), e);
    }
  }

  /** Opens the journal of a session that another process began. */
  static SessionJournal open(Path folder, SessionKey key, SessionId id) {
    try {
      JournalFile file = JournalFile.tryOpen(folder, id);
      if (file == null) {
        throw JournalFile.inUse(id);
      }
      try {
        Aead aead = SessionKey.aead(unwrap(key, file));
        SealedRecords records = records(file, aead, id);
        List<byte[]> past = new ArrayList<>();
        for (byte[] record = records.next(); record != null; record = records.next()) {
          past.add(record);
        }
        if (past.isEmpty() || past.getFirst()[0] != BEGUN) {
          throw file.unreadable("it ends before the session began");
        }
        byte[] first = past.getFirst();
        past.set(0, Arrays.copyOfRange(first, 1, first.length));
        return new SessionJournal(id, file, records, past);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (NoSuchFileException e) {
      throw CleaveException.fatal(
              Code.INPUT,
              "there is no session %s to be resumed in %s".formatted(id, folder),
              "it has ended, was erased, or is kept elsewhere (--session-dir)")
          .causedBy(e);
    } catch (IOException e) {
      throw SealedRecords.failed("could not open the journal " + JournalFile.path(folder, id), e);
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
      file.erase();
    } catch (IOException e) {
      throw SealedRecords.failed("could not erase the journal " + file, e);
    } finally {
      close();
    }
  }

  /** Leaves the journal to who resumes the session. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        file.close();
      } catch (IOException e) {
        throw SealedRecords.failed("could not close the journal " + file, e);
      }
    }
  }

  private static byte[] unwrap(SessionKey key, JournalFile file) throws IOException {
    byte[] wrapped = file.readKey();
    try {
      return key.aead().decrypt(wrapped, file.associated());
    } catch (GeneralSecurityException e) {
      throw CleaveException.fatal(
              Code.INPUT,
              "the journal %s does not open with this session key".formatted(file),
              "give the key that the session began with (--session-key)")
          .causedBy(e);
    }
  }

  private static SealedRecords records(JournalFile file, Aead aead, SessionId id)
      throws IOException {
    return new SealedRecords(
        file.channel(), aead, file.associated(), "the journal of session " + id);
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

  /** The number of the attempt that was recorded last; empty in a journal without a past. */
  public OptionalInt lastAttempt() {
    return past.stream()
        .flatMapToInt(it ->
            it instanceof Entry.Attempt(int number) ? IntStream.of(number) : IntStream.empty())
        .reduce((first, second) -> second);
  }
}

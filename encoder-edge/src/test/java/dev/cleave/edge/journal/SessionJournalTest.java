package dev.cleave.edge.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Journals that are cut off, changed, in use, of another key, and forgotten. */
class SessionJournalTest {
  private static final byte[] BEGINNING = "what it began with".getBytes(StandardCharsets.UTF_8);
  private static final byte[] FRAME = "a frame of hidden states".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;

  private static SessionKey key(int seed) {
    byte[] key = new byte[32];
    key[7] = (byte) seed;
    return SessionKey.parse(Base64.getEncoder().encodeToString(key), "a test");
  }

  private JournalFolder journals() {
    return JournalFolder.open(folder, key(1), Clock.systemUTC());
  }

  private static void fill(SessionJournal journal) {
    journal.attempt(0);
    journal.opened(Opened.newBuilder().setServerName("north").build());
    journal.sent(new Uplink.Hidden(ByteBuffer.wrap(FRAME)));
    journal.sent(new Uplink.EndOfPrompt(9));
    journal.answered(token(77));
    journal.sent(new Uplink.Step(ByteBuffer.wrap(FRAME)));
    journal.answered(token(78));
  }

  private static ServerMessage token(int id) {
    return ServerMessage.newBuilder()
        .setToken(Token.newBuilder().setId(id).setLogits(ByteString.copyFromUtf8("logits")))
        .build();
  }

  /** The bytes of a journal, its name, and what is in it. */
  private SessionId written() {
    try (SessionJournal journal = journals().begin(BEGINNING)) {
      fill(journal);
      return journal.id();
    }
  }

  @Test
  void givesBackWhatWasWritten() {
    SessionId id = written();
    try (SessionJournal journal = journals().open(SessionId.parse(id.toString()))) {
      assertThat(journal.beginning()).isEqualTo(BEGINNING);
      assertThat(journal.lastAttempt()).hasValue(0);
      assertThat(journal.past()).hasSize(7);
      assertThat(journal.past().get(2))
          .isEqualTo(new SessionJournal.Entry.Sent(new Uplink.Hidden(ByteBuffer.wrap(FRAME))));
      assertThat(journal.past().get(6)).isEqualTo(new SessionJournal.Entry.Answered(token(78)));
      journal.attempt(1);
    }
    try (SessionJournal journal = journals().open(id)) {
      assertThat(journal.lastAttempt()).hasValue(1);
      assertThat(journal.past()).hasSize(8);
    }
  }

  @Test
  void cutOffAnywhereItEndsBeforeTheRecordThatIsNotWhole() throws IOException {
    SessionId id = written();
    Path file = JournalFile.path(folder, id);
    byte[] all = Files.readAllBytes(file);
    List<SessionJournal.Entry> whole;
    try (SessionJournal journal = journals().open(id)) {
      whole = journal.past();
    }
    int before = -1;
    for (int length = 0; length < all.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(all, length));
      try (SessionJournal journal = journals().open(id)) {
        List<SessionJournal.Entry> past = journal.past();
        assertThat(past).isEqualTo(whole.subList(0, past.size()));
        assertThat(past.size()).isBetween(before, before + 1);
        before = past.size();
      } catch (CleaveException e) {
        assertThat(e.code()).as("at %d", length).isEqualTo(Code.JOURNAL);
        assertThat(before).isEqualTo(-1);
      }
    }
    assertThat(before).isEqualTo(whole.size() - 1);
    // What is written behind a record that was not whole is read back.
    try (SessionJournal journal = journals().open(id)) {
      journal.attempt(5);
    }
    try (SessionJournal journal = journals().open(id)) {
      assertThat(journal.lastAttempt()).hasValue(5);
    }
  }

  @Test
  void aChangedByteAnywhereIsNoticed() throws IOException {
    SessionId id = written();
    Path file = JournalFile.path(folder, id);
    byte[] all = Files.readAllBytes(file);
    for (int i = 0; i < all.length; i++) {
      byte[] changed = all.clone();
      changed[i] ^= (byte) (1 << i % 8);
      Files.write(file, changed);
      assertThatThrownBy(() -> journals().open(id))
          .as("byte %d", i)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isIn(Code.JOURNAL, Code.INPUT))
          .hasMessageContaining(id.toString());
    }
  }

  @Test
  void nothingOfItIsReadable() throws IOException {
    SessionId id = written();
    String all =
        new String(Files.readAllBytes(JournalFile.path(folder, id)), StandardCharsets.ISO_8859_1);
    assertThat(all).startsWith("CLVJ"); // what is not sealed would be found
    for (String secret : List.of("began", "hidden", "frame", "north", "logits")) {
      assertThat(all).doesNotContain(secret);
    }
    assertThat(Files.getPosixFilePermissions(JournalFile.path(folder, id)))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void isForgottenWithItsKey() throws IOException {
    Path link = folder.resolve("stolen");
    SessionId id;
    try (SessionJournal journal = journals().begin(BEGINNING)) {
      id = journal.id();
      fill(journal);
      Files.createLink(link, JournalFile.path(folder, id));
      journal.erase();
      journal.erase();
    }
    assertThat(JournalFile.path(folder, id)).doesNotExist();
    assertThatThrownBy(() -> journals().open(id)).hasMessageContaining("no session " + id);
    Files.move(link, JournalFile.path(folder, id));
    assertThatThrownBy(() -> journals().open(id)).hasMessageContaining("session key");
  }

  @Test
  void refusesWhatIsInUseOrOfAnotherKey() {
    SessionId id;
    try (SessionJournal journal = journals().begin(BEGINNING)) {
      id = journal.id();
      assertThatThrownBy(() -> journals().open(id)).hasMessageContaining("in use");
    }
    JournalFolder other = new JournalFolder(folder, key(2));
    assertThatThrownBy(() -> other.open(id)).hasMessageContaining("--session-key");
    assertThatThrownBy(() -> SessionId.parse("no id")).hasMessageContaining("32 digits");
  }

  @Test
  void leftoversOfAnotherDayAreErasedUnlessTheyAreInUse() throws IOException {
    SessionId left = written();
    SessionId fresh = written();
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofHours(25)));
    Files.setLastModifiedTime(JournalFile.path(folder, left), old);
    try (SessionJournal used = journals().begin(BEGINNING)) {
      Files.setLastModifiedTime(JournalFile.path(folder, used.id()), old);
      var _ = journals();
      assertThat(JournalFile.path(folder, left)).doesNotExist();
      assertThat(JournalFile.path(folder, fresh)).exists();
      assertThat(JournalFile.path(folder, used.id())).exists();
    }
  }

  @Test
  void keysAreTheirOwnersAlone() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("key"), Base64.getEncoder().encodeToString(new byte[32]) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> SessionKey.read(file)).hasMessageContaining("chmod 600");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    assertThat(SessionKey.read(file)).isNotNull();
    Files.writeString(file, Base64.getEncoder().encodeToString(new byte[31]));
    assertThatThrownBy(() -> SessionKey.read(file)).hasMessageContaining("31 bytes");
    Files.writeString(file, "hunter2!");
    assertThatThrownBy(() -> SessionKey.read(file))
        .hasMessageContaining("not base64")
        .hasMessageNotContaining("hunter2");
  }
}

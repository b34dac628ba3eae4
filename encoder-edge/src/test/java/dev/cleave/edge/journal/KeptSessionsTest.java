package dev.cleave.edge.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.journal.KeptSessions.Erasure;
import dev.cleave.edge.journal.KeptSessions.Kept;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept, as it is seen without its key. */
class KeptSessionsTest {
  private static final Instant EARLIER = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir Path folder;

  private JournalFolder journals() {
    SessionKey key = SessionKey.parse(Base64.getEncoder().encodeToString(new byte[32]), "a test");
    return JournalFolder.open(folder, key, Clock.systemUTC());
  }

  private SessionId left() {
    try (SessionJournal journal = journals().begin(new byte[100])) {
      journal.attempt(0);
      return journal.id();
    }
  }

  private Path file(SessionId id) {
    return JournalFile.path(folder, id);
  }

  @Test
  void listsWhatIsThereLastWrittenFirst() throws IOException {
    SessionId older = left();
    try (SessionJournal used = journals().begin(new byte[3])) {
      Files.setLastModifiedTime(file(older), FileTime.from(EARLIER));
      Files.writeString(folder.resolve("notes.journal"), "not one of ours");
      Files.writeString(folder.resolve(older + ".txt"), "nor this");
      Files.createSymbolicLink(file(new SessionId(1, 2)), folder.resolve("notes.journal"));
      KeptSessions kept = new KeptSessions(folder);
      assertThat(kept.list())
          .extracting(Kept::id, Kept::inUse)
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(used.id(), true),
              org.assertj.core.groups.Tuple.tuple(older, false));
      Kept last = kept.list().getLast();
      assertThat(last.lastWritten()).isEqualTo(EARLIER);
      assertThat(last.bytes()).isEqualTo(Files.size(file(older)));
      // To look at it does not take it from who has it, nor change it.
      assertThatThrownBy(() -> journals().open(used.id())).hasMessageContaining("in use");
      used.attempt(1);
    }
    assertThat(new KeptSessions(folder.resolve("none")).list()).isEmpty();
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void erasesTheKeyThenTheFile() throws IOException {
    SessionId id = left();
    byte[] before = Files.readAllBytes(file(id));
    Path stolen = Files.createLink(folder.resolve("stolen"), file(id));
    KeptSessions kept = new KeptSessions(folder);
    assertThat(kept.erase(id)).isEqualTo(Erasure.ERASED);
    assertThat(file(id)).doesNotExist();
    assertThat(kept.erase(id)).isEqualTo(Erasure.ABSENT);
    byte[] after = Files.readAllBytes(stolen);
    assertThat(after).hasSameSizeAs(before);
    for (int i = 8; i < 68; i += 6) {
      // Six bytes that chance leaves as they were come once in 2^48.
      assertThat(java.util.Arrays.copyOfRange(after, i, i + 6))
          .isNotEqualTo(java.util.Arrays.copyOfRange(before, i, i + 6));
    }
    Files.move(stolen, file(id));
    assertThatThrownBy(() -> journals().open(id)).hasMessageContaining("session key");
  }

  @Test
  void leavesWhatIsInUseToItsUser() {
    KeptSessions kept = new KeptSessions(folder);
    SessionId id;
    try (SessionJournal used = journals().begin(new byte[3])) {
      id = used.id();
      assertThat(kept.erase(id)).isEqualTo(Erasure.IN_USE);
      used.attempt(0);
    }
    try (SessionJournal again = journals().open(id)) {
      assertThat(again.lastAttempt()).hasValue(0);
      assertThat(kept.erase(id)).isEqualTo(Erasure.IN_USE);
    }
    assertThat(kept.erase(id)).isEqualTo(Erasure.ERASED);
  }

  @Test
  void erasesWhatCannotBeReadAnyMore() throws IOException {
    SessionId id = new SessionId(3, 4);
    Files.write(file(id), new byte[5]);
    assertThatThrownBy(() -> journals().open(id))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("cleave sessions erase");
    assertThat(new KeptSessions(folder).erase(id)).isEqualTo(Erasure.ERASED);
    assertThat(file(id)).doesNotExist();
  }
}

package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.journal.SessionKey;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionsCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder = Path.of("");

  private JournalFolder journals = new JournalFolder(folder, key());

  @BeforeEach
  void open() {
    journals = JournalFolder.open(folder, key(), Clock.systemUTC());
  }

  private static SessionKey key() {
    return SessionKey.parse(Base64.getEncoder().encodeToString(new byte[32]), "a test");
  }

  private SessionId left() {
    try (SessionJournal journal = journals.begin(new byte[7])) {
      return journal.id();
    }
  }

  private Path file(SessionId id) {
    return folder.resolve(id + ".journal");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "list", "erase"})
  void helpHasExamples(String command) {
    assertThat(run(Stream.of("sessions", command, "--help").filter(it -> !it.isEmpty()))).isZero();
    assertThat(out.toString()).contains("Examples:", "cleave sessions");
  }

  @Test
  void listsForPeopleAndForMachines() throws Exception {
    assertThat(sessions("list")).isZero();
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("no sessions in " + folder);
    SessionId idle = left();
    try (SessionJournal used = journals.begin(new byte[7])) {
      assertThat(sessions("list")).isZero();
      assertThat(out.toString().lines())
          .hasSize(2)
          .anyMatch(it -> it.startsWith(used.id().toString()) && it.endsWith(" bytes  in use"))
          .anyMatch(it -> it.startsWith(idle.toString()) && it.endsWith(" bytes  left"));
      out.getBuffer().setLength(0);
      assertThat(sessions("list", "--json")).isZero();
      JsonNode all = new ObjectMapper().readTree(out.toString());
      assertThat(all.get("folder").asText()).isEqualTo(folder.toString());
      assertThat(all.get("sessions")).hasSize(2);
      for (JsonNode it : all.get("sessions")) {
        assertThat(it.get("id").asText()).isIn(used.id().toString(), idle.toString());
        assertThat(it.get("in_use").asBoolean())
            .isEqualTo(it.get("id").asText().equals(used.id().toString()));
        assertThat(it.get("bytes").asLong()).isGreaterThan(68);
        assertThat(Instant.parse(it.get("last_written").asText()))
            .isBetween(Instant.now().minusSeconds(120), Instant.now());
      }
    }
  }

  @Test
  void erasesTheseAndRefusesThoseInUse() {
    SessionId one = left();
    SessionId two = left();
    SessionId none = new SessionId(1, 2);
    try (SessionJournal used = journals.begin(new byte[7])) {
      assertThat(sessions("erase", one.toString(), used.id().toString(), none.toString()))
          .isEqualTo(2);
      assertThat(out.toString().lines()).containsExactly(one.toString());
      assertThat(err.toString())
          .contains("2 of 3", used.id() + " is in use by a process", "no " + none)
          .doesNotContain(one.toString());
      assertThat(file(one)).doesNotExist();
      assertThat(file(two)).exists();
      assertThat(file(used.id())).exists();
      used.attempt(0);
    }
  }

  @Test
  void erasesAllThatAreLeft() {
    SessionId one = left();
    SessionId two = left();
    assertThat(sessions("erase", "--all")).as(err.toString()).isZero();
    assertThat(out.toString().lines()).containsExactlyInAnyOrder(one.toString(), two.toString());
    assertThat(folder).isEmptyDirectory();
    try (SessionJournal used = journals.begin(new byte[7])) {
      assertThat(sessions("erase", "--all")).isEqualTo(2);
      assertThat(err.toString()).contains("1 of 1", used.id().toString());
    }
  }

  @Test
  void erasesNothingWhereItIsNotSaidWhat() {
    SessionId id = left();
    assertThat(sessions("erase")).isEqualTo(2);
    assertThat(sessions("erase", "--all", id.toString())).isEqualTo(2);
    assertThat(sessions("erase", id.toString(), "../" + id)).isEqualTo(2);
    assertThat(run(Stream.of("sessions"))).isEqualTo(2);
    assertThat(err.toString()).contains("or --all", "32 digits of hex", "neither list nor erase");
    assertThat(file(id)).exists();
  }

  private int sessions(String command, String... more) {
    return run(
        Stream.concat(
            List.of("sessions", command, "--session-dir", folder.toString()).stream(),
            List.of(more).stream()));
  }

  private int run(Stream<String> arguments) {
    return Main.run(arguments.toArray(String[]::new), new PrintWriter(out), new PrintWriter(err));
  }
}

package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.ScriptedServer;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.KeptSessions;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.journal.SessionKey;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.v1.FinishReason;
import io.grpc.Status;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate --resume}, of answers that were not ended. */
@Timeout(120)
@DisabledOnOs(OS.WINDOWS)
class ResumeCommandTest {
  private static final String ANSWER = "line one naïve";
  private static final String PRINTED = "line one";

  @TempDir static Path folder;
  private static String bundle = "";
  private static String other = "";
  private static Path key = Path.of("");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path sessions = Path.of("");

  @BeforeAll
  static void split() throws IOException {
    bundle = Fixtures.split("t5-v1.0-tied-relu", folder).toString();
    other = Fixtures.split("t5-v1.1-untied-gated-gelu", folder).toString();
    key =
        Files.writeString(folder.resolve("key"), Base64.getEncoder().encodeToString(new byte[32]));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
  }

  /** Answers in part and is lost the first time, and in full from then on. */
  private static ScriptedServer lostOnce() throws IOException {
    AtomicInteger opens = new AtomicInteger();
    return ScriptedServer.start(exchange -> {
      exchange.accept();
      if (opens.getAndIncrement() == 0) {
        exchange.tokens(0, Fixtures.ids(PRINTED));
        exchange.fail(Status.UNAVAILABLE.asRuntimeException());
        return;
      }
      int[] ids = Fixtures.ids(ANSWER);
      exchange.tokens(0, ids);
      exchange.done(FinishReason.EOS, ids.length);
    });
  }

  /** An answer whose server is lost. */
  private SessionId lost(ScriptedServer server) {
    assertThat(generate(bundle, server, "--retries", "0", "pain")).isEqualTo(1);
    assertThat(out.toString()).isEqualTo(PRINTED);
    SessionId id = kept().id();
    assertThat(err.toString())
        .startsWith("session " + id)
        .contains("kept: go on with --resume %s --after %d,".formatted(id, PRINTED.length()))
        .contains("cleave sessions erase " + id, "UNAVAILABLE");
    err.getBuffer().setLength(0);
    return id;
  }

  @Test
  void goesOnBehindWhatWasPrinted() throws Exception {
    try (ScriptedServer server = lostOnce()) {
      String id = lost(server).toString();
      String after = Integer.toString(PRINTED.length());
      assertThat(generate(bundle, server, "--resume", id, "--after", after))
          .as(err.toString())
          .isZero();
      assertThat(out.toString()).isEqualTo(ANSWER + System.lineSeparator());
      assertThat(new KeptSessions(sessions).list()).isEmpty();
    }
  }

  @Test
  void refusesAnotherBundleAndKeepsTheSession() throws Exception {
    try (ScriptedServer server = lostOnce()) {
      SessionId id = lost(server);
      assertThat(generate(other, server, "--resume", id.toString())).isEqualTo(2);
      assertThat(err.toString())
          .contains(id.toString(), bundleId(bundle), bundleId(other), "resume it with the bundle")
          .hasLineCount(1);
      assertThat(out.toString()).isEqualTo(PRINTED);
      assertThat(kept().inUse()).isFalse();
      assertThat(generate(bundle, server, "--resume", id.toString())).isZero();
    }
  }

  @Test
  void refusesASessionThatSomebodyHas() throws Exception {
    try (ScriptedServer server = lostOnce()) {
      SessionId id = lost(server);
      try (SessionJournal journal = journals().open(id)) {
        assertThat(generate(bundle, server, "--resume", id.toString())).isEqualTo(2);
        assertThat(err.toString())
            .contains("session " + id + " is in use by a process that lives")
            .hasLineCount(1);
        journal.attempt(1);
      }
      assertThat(generate(bundle, server, "--resume", id.toString())).isZero();
      assertThat(generate(bundle, server, "--resume", id.toString())).isEqualTo(2);
      assertThat(err.toString()).contains("there is no session " + id);
    }
  }

  @Test
  void keepsWhatNobodyReads() throws Exception {
    try (ScriptedServer server = lostOnce()) {
      PrintWriter closed = new PrintWriter(Writer.nullWriter());
      closed.close();
      assertThat(Main.run(arguments(bundle, server, "pain"), closed, new PrintWriter(err, true)))
          .isEqualTo(1);
      assertThat(err.toString()).contains("kept: go on with --resume " + kept().id() + ", or");
      assertThat(generate(bundle, server, "--resume", kept().id().toString())).isZero();
      assertThat(out.toString()).isEqualTo(ANSWER + System.lineSeparator());
    }
  }

  private static String bundleId(String folder) {
    return Bundle.readManifest(Path.of(folder)).id().hex();
  }

  private KeptSessions.Kept kept() {
    List<KeptSessions.Kept> kept = new KeptSessions(sessions).list();
    assertThat(kept).hasSize(1);
    return kept.getFirst();
  }

  private JournalFolder journals() {
    return JournalFolder.open(sessions, SessionKey.read(key), Clock.systemUTC());
  }

  private int generate(String bundle, ScriptedServer server, String... more) {
    return Main.run(
        arguments(bundle, server, more), new PrintWriter(out, true), new PrintWriter(err, true));
  }

  private String[] arguments(String bundle, ScriptedServer server, String... more) {
    return Stream.concat(
            Stream.of(
                "generate",
                "--no-receipt",
                "--bundle",
                bundle,
                "--server",
                server.address(),
                "--session-key",
                key.toString(),
                "--session-dir",
                sessions.toString()),
            Stream.of(more))
        .toArray(String[]::new);
  }
}

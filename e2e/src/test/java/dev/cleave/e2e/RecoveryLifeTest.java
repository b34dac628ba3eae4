package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.journal.KeptSessions;
import dev.cleave.edge.journal.KeptSessions.Erasure;
import dev.cleave.edge.journal.KeptSessions.Kept;
import dev.cleave.edge.journal.SessionId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Answers whose server, or whose client, is killed in the middle of them. */
@Timeout(300)
class RecoveryLifeTest {
  private static final String TEXT = "Pt c/o chest pain for 3 days. BP 148/92, HR 88.";
  private static final String CAUSAL = "llama3-rope-untied-bf16-sharded";

  /** A client that ends its answer before it is killed proves nothing: then once more. */
  private static final int TRIES = 8;

  @Test
  void aServerKilledInAnAnswerIsNotNoticedByItsReader(@TempDir Path work) throws Exception {
    killedInTheMiddle(Bundles.reference(work), 900);
    killedInTheMiddle(Bundles.fixture(CAUSAL, work, 2), 200);
  }

  private static void killedInTheMiddle(Path bundle, int tokens) throws Exception {
    GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(tokens).ignoringEos();
    try (ServerProcess one = ServerProcess.start(bundle, "--max-sessions", "2");
        ServerProcess two = ServerProcess.start(bundle, "--max-sessions", "2");
        CleaveClient client = CleaveClient.open(bundle, one.address() + "," + two.address())) {
      String undisturbed;
      try (Generation answer = client.generate(TEXT, options)) {
        undisturbed = answer.text();
      }
      ServerLifeTest.awaitMetric(one, "cleave_sessions_open", 0);
      ServerLifeTest.awaitMetric(two, "cleave_sessions_open", 0);
      try (Generation answer = client.generate(TEXT, options)) {
        StringBuilder text = new StringBuilder();
        Iterator<String> pieces = answer.iterator();
        text.append(pieces.next());
        ServerProcess serving = ServerLifeTest.metric(one, "cleave_sessions_open") > 0 ? one : two;
        serving.kill();
        pieces.forEachRemaining(text::append);
        assertThat(text.toString()).isEqualTo(undisturbed);
        assertThat(answer.tokenIds()).hasSize(tokens);
        assertThat(answer.receipt().recovered().reopened()).isPositive();
      }
    }
  }

  @Test
  void aKilledClientsAnswerIsGoneOnWith(@TempDir Path work) throws Exception {
    Path bundle = Bundles.fixture(CAUSAL, work, 2);
    Path sessions = work.resolve("sessions");
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "4")) {
      List<String> common = durable(work, bundle, server);
      Client undisturbed = Client.start(work, common, "--max-tokens", "200", TEXT);
      undisturbed.awaitEnd();
      assertThat(undisturbed.out()).hasSizeGreaterThan(20);
      int killed = 0;
      for (int i = 0; i < TRIES && killed < 2; i++) {
        Client client = Client.start(work, common, "--max-tokens", "200", TEXT);
        client.awaitOutput();
        signal("STOP", server.pid());
        boolean alive = client.process.isAlive();
        client.process.destroyForcibly().waitFor();
        signal("CONT", server.pid());
        if (!alive || client.out().equals(undisturbed.out())) {
          continue;
        }
        killed++;
        String printed = client.out();
        try (Stream<Path> left = Files.list(sessions)) {
          assertThat(left).hasSize(1).allSatisfy(RecoveryLifeTest::saysNothing);
        }
        Client resumed =
            Client.start(
                work,
                common,
                "--resume",
                client.session(),
                "--after",
                Integer.toString(printed.codePointCount(0, printed.length())));
        resumed.awaitEnd();
        assertThat(printed + resumed.out()).isEqualTo(undisturbed.out());
        Client again = Client.start(work, common, "--resume", client.session());
        assertThat(again.process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(again.process.exitValue()).isEqualTo(2);
        assertThat(again.err()).contains("no session " + client.session());
      }
      assertThat(killed).isPositive();
      try (Stream<Path> left = Files.list(sessions)) {
        assertThat(left).isEmpty();
      }
    }
  }

  @Test
  void aClientThatIsToldToEndLeavesItsAnswerToOneOther(@TempDir Path work) throws Exception {
    Path bundle = Bundles.fixture(CAUSAL, work, 2);
    KeptSessions sessions = new KeptSessions(work.resolve("sessions"));
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "4")) {
      List<String> common = durable(work, bundle, server);
      String undisturbed;
      try (CleaveClient client = CleaveClient.open(bundle, server.address());
          Generation answer =
              client.generate(TEXT, GenerateOptions.defaults().withMaxNewTokens(200))) {
        undisturbed = answer.text();
      }
      Client told = Client.start(work, common, "--max-tokens", "200", TEXT);
      told.awaitOutput();
      signal("STOP", server.pid());
      for (int i = 1; i < TRIES && !sessions.list().stream().anyMatch(Kept::inUse); i++) {
        signal("CONT", server.pid()); // it had ended
        told = Client.start(work, common, "--max-tokens", "200", TEXT);
        told.awaitOutput();
        signal("STOP", server.pid());
      }
      told.process.destroy();
      assertThat(told.process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(told.process.exitValue()).as(told.err()).isEqualTo(143);
      String id = told.session();
      String printed = told.out();
      String after = Integer.toString(printed.codePointCount(0, printed.length()));
      assertThat(told.err()).contains("kept: go on with --resume " + id + " --after " + after);
      assertThat(sessions.list()).extracting(Kept::inUse).containsExactly(false);

      Client first = Client.start(work, common, "--resume", id);
      first.awaitOutput(); // of the journal: the server still stands still
      Client second = Client.start(work, common, "--resume", id);
      assertThat(second.process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(second.process.exitValue()).isEqualTo(2);
      assertThat(second.err()).contains(id + " is in use by a process that lives");
      assertThat(sessions.list()).extracting(Kept::inUse).containsExactly(true);
      assertThat(sessions.erase(SessionId.parse(id))).isEqualTo(Erasure.IN_USE);
      signal("CONT", server.pid());
      first.awaitEnd();
      assertThat(first.out()).isEqualTo(undisturbed + "\n");
      assertThat(first.out()).startsWith(printed);
      assertThat(sessions.list()).isEmpty();
    }
  }

  /** The arguments of a client whose answers outlive it. */
  private static List<String> durable(Path work, Path bundle, ServerProcess server)
      throws IOException {
    Path key =
        Files.writeString(work.resolve("key"), Base64.getEncoder().encodeToString(new byte[32]));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    return List.of(
        "generate",
        "--bundle",
        bundle.toString(),
        "--server",
        server.address(),
        "--no-receipt",
        "--session-key",
        key.toString(),
        "--session-dir",
        work.resolve("sessions").toString());
  }

  private static void saysNothing(Path journal) throws IOException {
    String all = Files.readString(journal, StandardCharsets.ISO_8859_1);
    assertThat(all).startsWith("CLVJ").doesNotContain("CLVF", "chest", "cleave");
  }

  private static void signal(String name, long pid) throws IOException, InterruptedException {
    int status = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    assertThat(status).isZero();
  }

  /** A device's process, its output in files. */
  private record Client(Process process, Path outFile, Path errFile) {
    static Client start(Path work, List<String> common, String... more) throws IOException {
      List<String> arguments = new ArrayList<>(common);
      arguments.addAll(List.of(more));
      Path out = Files.createTempFile(work, "out", "");
      Path err = Files.createTempFile(work, "err", "");
      Process process =
          new ProcessBuilder(
                  ServerProcess.command(
                      "encoder-edge", "dev.cleave.edge.cli.Main", arguments.toArray(String[]::new)))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      return new Client(process, out, err);
    }

    String out() throws IOException {
      return Files.readString(outFile);
    }

    String err() throws IOException {
      return Files.readString(errFile);
    }

    /** The id that was printed at the start. */
    String session() throws IOException {
      return err()
          .lines()
          .filter(it -> it.startsWith("session "))
          .findFirst()
          .orElseThrow()
          .substring("session ".length());
    }

    void awaitOutput() throws Exception {
      while (Files.size(outFile) == 0 && process.isAlive()) {
        TimeUnit.MILLISECONDS.sleep(2);
      }
    }

    void awaitEnd() throws Exception {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(err()).isZero();
    }
  }
}

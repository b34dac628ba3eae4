package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.ScriptedServer;
import dev.cleave.edge.journal.KeptSessions;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.v1.FinishReason;
import dev.cleave.wire.Uplink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command line as a process of its own: what a pipe and a terminal see of it. */
@Timeout(120)
@DisabledOnOs(OS.WINDOWS)
class MainProcessTest {
  @TempDir Path folder;

  @Test
  void givesAPipeTheAnswerAndNothingElse() throws Exception {
    Path bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
    try (ScriptedServer server = ScriptedServer.start(MainTest::answer)) {
      Process process =
          start("generate", "--json", "--bundle", bundle.toString(), "--server", server.address());
      process.getOutputStream().write("naïve chest pain\n".getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().close();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      String out = Files.readString(folder.resolve("out"));
      assertThat(process.exitValue()).as(Files.readString(folder.resolve("err"))).isZero();
      assertThat(out).startsWith("{").endsWith("}\n");
      assertThat(new ObjectMapper().readTree(out).get("text").asText()).isEqualTo("line one naïve");
      // The first line is the JVM's, which has no switch for it.
      assertThat(Files.readString(folder.resolve("err")))
          .startsWith("WARNING: Using incubator modules: jdk.incubator.vector\nreceipt");
    }
  }

  @Test
  void cancelsOnInterruptAndExitsWith130() throws Exception {
    assumeThat(interruptsAreIgnored()).as("started in the background by a shell").isFalse();
    Path bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.accept();
          int[] ids = Fixtures.ids("line one");
          exchange.tokens(0, ids);
          exchange.expect(Uplink.Cancel.class);
          exchange.done(FinishReason.CANCELLED, ids.length);
        })) {
      Process process =
          start("generate", "--bundle", bundle.toString(), "--server", server.address(), "pain");
      awaitText(process, "line one");
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      assertThat(Files.readString(folder.resolve("out"))).isEqualTo("line one\n");
      assertThat(Files.readString(folder.resolve("err"))).contains("ended by CANCELLED");
    }
  }

  @Test
  void leavesWhatMayBeResumedOnInterrupt() throws Exception {
    assumeThat(interruptsAreIgnored()).as("started in the background by a shell").isFalse();
    Path bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
    Path sessions = folder.resolve("sessions");
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.accept();
          exchange.tokens(0, Fixtures.ids("line one"));
        })) {
      Path key =
          Files.writeString(
              folder.resolve("key"), Base64.getEncoder().encodeToString(new byte[32]));
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
      Process process =
          start(
              "generate",
              "--bundle",
              bundle.toString(),
              "--server",
              server.address(),
              "--session-key",
              key.toString(),
              "--session-dir",
              sessions.toString(),
              "pain");
      awaitText(process, "line one");
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(130);
      // Nothing behind the text, as the rest goes on there.
      assertThat(Files.readString(folder.resolve("out"))).isEqualTo("line one");
      String id = new KeptSessions(sessions).list().getFirst().id().toString();
      assertThat(Files.readString(folder.resolve("err")))
          .contains("session " + id, "--resume " + id + " --after 8", "sessions erase " + id)
          .doesNotContain("receipt", "cleave: ");
    }
  }

  /** A shell without job control makes what it starts in the background ignore SIGINT. */
  private static boolean interruptsAreIgnored() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
  }

  private void awaitText(Process process, String text) throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    while (!Files.exists(out) || !Files.readString(out).contains(text)) {
      assertThat(process.isAlive()).as(Files.readString(folder.resolve("err"))).isTrue();
      Thread.sleep(20);
    }
  }

  private Process start(String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx512m", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    // The poorest locale: the text must not depend on it.
    builder.environment().put("LC_ALL", "C");
    return builder
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(folder.resolve("err").toFile())
        .start();
  }
}

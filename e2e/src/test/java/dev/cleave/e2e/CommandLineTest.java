package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line of the device half as a process, against a server process. */
class CommandLineTest {
  /** The JVM says so by itself, before anything of ours runs. */
  private static final String OF_THE_JVM =
      "WARNING: Using incubator modules: jdk.incubator.vector\n";

  record Ended(int status, String out, String err) {}

  @Test
  void generatesFromArgumentFileAndStandardInputAlike(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    String note = Bundles.samples().get(1).note();
    Path file = Files.writeString(work.resolve("note.txt"), note);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2")) {
      String[] at = {"generate", "--bundle", bundle.toString(), "--server", server.address()};
      Ended argument = edge(work, "", with(at, note));
      assertThat(argument.status()).as(argument.err()).isZero();
      assertThat(argument.out()).contains("reason:");
      assertThat(argument.err()).contains("bits per element").doesNotContain(note);
      Ended fromFile = edge(work, "", with(at, "--file", file.toString(), "--no-receipt"));
      Ended fromInput = edge(work, note, with(at, "--no-receipt"));
      assertThat(fromFile.out()).isEqualTo(argument.out());
      assertThat(fromInput.out()).isEqualTo(argument.out());
      assertThat(fromInput.err()).isEmpty();

      JsonNode json = new ObjectMapper().readTree(edge(work, "", with(at, "--json", note)).out());
      assertThat(json.path("text").asText().strip()).isEqualTo(argument.out().strip());
      assertThat(json.path("finish_reason").asText()).isEqualToIgnoringCase("eos");
      assertThat(json.path("token_ids").size()).isPositive();
      assertThat(json.path("receipt").path("bundle_id").asText()).hasSize(64);
      assertThat(json.path("receipt").path("bytes_up").asLong()).isPositive();
    }
  }

  @Test
  void everyErrorIsOneLineThatSaysWhatToDo(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    Path other = Bundles.fixture("t5-v1.0-tied-relu", work);
    try (ServerProcess server = ServerProcess.start(other, "--max-sessions", "2")) {
      Ended mismatch =
          edge(
              work,
              "",
              "generate",
              "--bundle",
              bundle.toString(),
              "--server",
              server.address(),
              "some text");
      assertThat(mismatch.status()).isEqualTo(1);
      assertThat(mismatch.err().strip().lines()).hasSize(1).allMatch(l -> l.startsWith("cleave: "));
      assertThat(mismatch.err()).contains("bundle");
    }
    Ended nobody =
        edge(
            work, "", "generate", "--bundle", bundle.toString(), "--server", "127.0.0.1:1", "text");
    assertThat(nobody.status()).isEqualTo(1);
    assertThat(nobody.err().strip().lines()).hasSize(1);
    Ended refused =
        edge(
            work,
            "",
            "split",
            "--model",
            ParityTest.FIXTURES.resolve("refuse/mixtral-moe").toAbsolutePath().toString(),
            "--out",
            work.resolve("never").toString());
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("refused: ").contains("mixtral");
    assertThat(work.resolve("never")).doesNotExist();
  }

  static String[] with(String[] first, String... more) {
    return java.util.stream.Stream.concat(List.of(first).stream(), List.of(more).stream())
        .toArray(String[]::new);
  }

  /** Runs the device's command line as a process. */
  static Ended edge(Path work, String input, String... arguments)
      throws IOException, InterruptedException {
    Path in = Files.writeString(Files.createTempFile(work, "in", ""), input);
    Path out = Files.createTempFile(work, "out", "");
    Path err = Files.createTempFile(work, "err", "");
    Process process =
        new ProcessBuilder(
                ServerProcess.command("encoder-edge", "dev.cleave.edge.cli.Main", arguments))
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new Ended(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8).replace(OF_THE_JVM, ""));
  }
}

package dev.cleave.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ServeCommandTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path folder = Path.of("");

  @Test
  void helpShowsExamplesAndTheDrain() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains(
            "Examples:",
            "--bundle",
            "--drain-timeout",
            "SIGTERM",
            "--queue-per-tenant=N",
            "\"waiting\"");
  }

  @Test
  void refusesToServePlaintextToTheNetwork() {
    assertThat(run("--bundle", folder.toString(), "--host", "0.0.0.0")).isEqualTo(1);
    assertThat(err.toString())
        .contains("0.0.0.0", "--tls-cert", "cleave keys tls", "--host 127.0.0.1");
  }

  @Test
  void saysWhatIsMissingInAFolderThatIsNoBundle() {
    assertThat(run("--bundle", folder.toString())).isEqualTo(1);
    assertThat(err.toString()).contains("bundle.json").doesNotContain("\tat ");
  }

  @ParameterizedTest
  @CsvSource({
    "--precision,f17",
    "--max-sessions,many",
    "--max-sessions,0",
    "--max-prompt-positions,-1",
    "--max-connections,0",
    "--step-budget,0",
    "--threads,4294967297",
    "--idle-timeout,0",
    "--read-timeout,soon",
    "--queue-timeout,-1",
    "--drain-timeout,NaN",
    "--session-timeout,1e300",
    "--auth-clock-skew,-60",
    "--port,x",
    "--queue,0",
    "--queue,65537",
    "--queue-per-tenant,0",
    "--queue-per-tenant,257"
  })
  void wrongUsageIsStatusTwo(String option, String value) {
    assertThat(run("--bundle", folder.toString(), option, value)).isEqualTo(2);
    assertThat(err.toString()).contains(option, value);
  }

  @Test
  void thePortFileIsReplacedAsAWhole() throws IOException {
    Path file = folder.resolve("port");
    Files.writeString(file, "an older and longer text");
    ServeLifetime.writeAtomically(file, "127.0.0.1:1\n");
    assertThat(file).hasContent("127.0.0.1:1");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  private int run(String... args) {
    CommandLine line = ServeMain.commandLine(new ServeCommand());
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(args);
  }
}

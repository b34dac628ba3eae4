package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents point to is there. */
class DocumentsTest {
  private static final Pattern FILE = Pattern.compile("`([a-z0-9-]+/[A-Za-z0-9_./-]+)`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "ARCHITECTURE.md"})
  void namedFilesExist(String document) throws IOException {
    String text = Files.readString(ServerProcess.HOME.resolve(document));
    List<String> named =
        Stream.concat(FILE.matcher(text).results(), LINK.matcher(text).results())
            .map(match -> match.group(1))
            .filter(name -> !name.equals("cleave/v1/decoder.proto"))
            .toList();
    assertThat(named).isNotEmpty();
    assertThat(named)
        .allSatisfy(name -> assertThat(Path.of(ServerProcess.HOME.toString(), name)).exists());
  }

  @Test
  void theDataPathHasTwelveStopsInOrder() throws IOException {
    String text = Files.readString(ServerProcess.HOME.resolve("ARCHITECTURE.md"));
    List<String> stops =
        Pattern.compile("(?m)^\\| (\\d+) \\|.*\\.java` \\|$")
            .matcher(text)
            .results()
            .map((MatchResult stop) -> stop.group(1))
            .toList();
    assertThat(stops)
        .containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12");
  }
}

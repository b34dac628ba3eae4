package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.wire.WireReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WireErrorsDocTest {

  private static final Path TABLE = Path.of("..", "docs", "wire-errors.md");

  @ParameterizedTest
  @EnumSource(WireReason.class)
  void everyReasonHasItsRow(WireReason reason) throws IOException {
    List<String> lines = Files.readAllLines(TABLE);
    assertThat(lines)
        .anyMatch(line -> line.startsWith("| `%s` | %s |".formatted(reason, reason.code())));
  }
}

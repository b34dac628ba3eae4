package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parity suite on the checkpoints that ship with the sources, as {@code verify --fixtures}. */
class ParityTest {
  static final Path FIXTURES = Path.of("src/test/resources/fixtures");

  @Test
  void splitEqualsWhole() throws IOException {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean passed =
        ParityMain.run(FIXTURES, new PrintStream(printed, true, StandardCharsets.UTF_8));
    String lines = printed.toString(StandardCharsets.UTF_8);
    System.err.println(lines);
    assertThat(passed).as(lines).isTrue();
    assertThat(lines.lines().filter(line -> line.endsWith("ok"))).hasSize(8);
    assertThat(lines.lines().filter(line -> line.contains("refuse/")))
        .isNotEmpty()
        .allMatch(line -> line.contains("refused: "));
  }

  @Test
  void aChangedWeightIsAMismatch(@TempDir Path folder) throws IOException {
    try (Stream<Path> files = Files.list(FIXTURES.resolve("t5-v1.0-tied-relu"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    Path weights = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    for (int i = bytes.length - 4000; i < bytes.length; i += 4) {
      bytes[i + 3] ^= (byte) 0x80; // the sign bits of a thousand weights
    }
    Files.write(weights, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    boolean passed = ParityMain.run(folder, new PrintStream(printed, true, StandardCharsets.UTF_8));
    assertThat(passed).as(printed.toString(StandardCharsets.UTF_8)).isFalse();
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("MISMATCH");
  }
}

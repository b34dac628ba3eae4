package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/codec.md compiles, runs, and comes near to what it promises. */
class DocumentedExampleTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "codec.md");
  private static final Pattern BITS = Pattern.compile("bitsPerElement=([0-9.]+)");

  @Test
  void runs(@TempDir Path folder) throws IOException, InterruptedException {
    String text = Files.readString(DOCUMENT);
    Path example = folder.resolve("Example.java");
    int from = text.indexOf("```java\n") + "```java\n".length();
    Files.writeString(example, text.substring(from, text.indexOf("```", from)));

    // The source launcher compiles it against what the library's users have.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                Path.of("target", "classes").toString(),
                example.toString())
            .redirectError(folder.resolve("errors").toFile())
            .start();
    String printed;
    try (InputStream out = process.getInputStream()) {
      printed = new String(out.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("errors"))).isZero();

    assertThat(printed).contains("KLT kept: ");
    List<Double> bits =
        BITS.matcher(printed).results().map(it -> Double.valueOf(it.group(1))).toList();
    assertThat(bits.get(0)).isBetween(8.0, 9.0);
    assertThat(bits.get(1)).isBetween(0.8, 1.2);
    // 24 bytes for 96 elements, and a header for 64 positions.
    assertThat(bits.get(2)).isEqualTo(2 + 8 * 64.0 / (64 * 96));
  }
}

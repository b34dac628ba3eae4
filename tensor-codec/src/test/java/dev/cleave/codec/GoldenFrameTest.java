package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.kernel.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Frames of every mode, profile and target, kept in files with the floats they decode to: they
 * change only with the version in the header, or where an encoder has learnt to choose better. To
 * write them anew:
 *
 * <pre>./mvnw -pl tensor-codec test -Dtest=GoldenFrameTest -Dcleave.golden=write</pre>
 */
class GoldenFrameTest {
  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void framesDecodeToTheBitsOfTheFile(CodecMode mode) throws IOException {
    if ("write".equals(System.getProperty("cleave.golden"))) {
      Files.write(
          Path.of("src/test/resources/dev/cleave/codec", GoldenFrames.file(mode)),
          GoldenFrames.encoded(mode));
      return;
    }
    assertThat(GoldenFrames.decoded(GoldenFrames.read(mode)))
        .isEqualTo(GoldenFrames.read(mode))
        .hasSizeGreaterThan(10);
  }

  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void framesAreThoseOfTheFile(CodecMode mode) throws IOException {
    if (!"write".equals(System.getProperty("cleave.golden"))) {
      assertThat(GoldenFrames.encoded(mode)).isEqualTo(GoldenFrames.read(mode));
    }
  }

  @Test
  void bothKernelsGiveTheSameBits() throws IOException, InterruptedException {
    assertThat(Kernels.vectorised()).as("the build gives its tests the Vector API").isTrue();
    if ("write".equals(System.getProperty("cleave.golden"))) {
      return;
    }
    List<String> expected = new ArrayList<>(List.of("scalar"));
    for (CodecMode mode : CodecMode.values()) {
      expected.addAll(GoldenFrames.read(mode));
      expected.addAll(GoldenFrames.read(mode));
    }
    // A JVM without the module has the scalar kernels only.
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                GoldenFrames.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (InputStream out = process.getInputStream()) {
      String printed = new String(out.readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(printed.lines()).containsExactlyElementsOf(expected);
    }
    assertThat(process.waitFor()).isZero();
  }
}

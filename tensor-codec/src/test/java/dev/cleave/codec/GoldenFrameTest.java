package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The bytes of the format, kept in files: they change only with the version in the header. To write
 * them anew:
 *
 * <pre>./mvnw -pl tensor-codec test -Dtest=GoldenFrameTest -Dcleave.golden=write</pre>
 */
class GoldenFrameTest {
  private static final int WIDTH = 66;

  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void bytesAreThoseOfTheFile(CodecMode mode) throws IOException {
    StreamSpec spec = new StreamSpec(mode, WIDTH);
    for (HeaderForm form : HeaderForm.values()) {
      byte[] frame = Frames.encode(spec, values(), 3, form);
      String name =
          "golden-%s-%s.hex".formatted(mode, form).toLowerCase(Locale.ROOT).replace('_', '-');
      if ("write".equals(System.getProperty("cleave.golden"))) {
        Files.writeString(Path.of("src/test/resources/dev/cleave/codec", name), hex(frame));
        continue;
      }
      String expected = read(name);
      assertThat(hex(frame)).isEqualTo(expected);
      assertThat(Frames.decode(spec, bytes(expected))).containsExactly(Frames.decode(spec, frame));
    }
  }

  /** Exact in f32, in every mode's range, with a tie, both zeros, and a second, quieter block. */
  private static float[] values() {
    float[] values = new float[2 * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 2 == 0 ? 1 : -1) * (i % 67) * 0.3125f;
    }
    values[64] = 0x1.01p-7f;
    values[65] = -0f;
    return values;
  }

  private static String hex(byte[] frame) {
    StringBuilder lines = new StringBuilder();
    for (int at = 0; at < frame.length; at += 32) {
      int to = Math.min(at + 32, frame.length);
      lines.append(HexFormat.of().formatHex(frame, at, to)).append('\n');
    }
    return lines.toString();
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace("\n", ""));
  }

  private static String read(String name) throws IOException {
    try (InputStream in = GoldenFrameTest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("no test resource " + name + ": write it as the Javadoc says");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}

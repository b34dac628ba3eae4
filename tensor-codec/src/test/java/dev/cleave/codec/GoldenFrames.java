package dev.cleave.codec;

import static java.util.Objects.requireNonNull;

import dev.cleave.codec.kernel.Kernels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The cases of the golden files and what this JVM makes of them. A line is the case, the frame in
 * base64 and the CRC32C of the decoded floats as little-endian f32.
 */
final class GoldenFrames {
  private static final long[] SEEDS = {1, 20261121};
  private static final int[] WIDTHS = {1, 7, 63, 65, 207, 1000};

  private GoldenFrames() {}

  /** Says what kernels this JVM uses, then what it encodes and decodes, line by line. */
  public static void main(String[] arguments) throws IOException {
    System.out.println(Kernels.vectorised() ? "vector" : "scalar");
    for (CodecMode mode : CodecMode.values()) {
      encoded(mode).forEach(System.out::println);
      decoded(read(mode)).forEach(System.out::println);
    }
  }

  /** The lines of a mode, as this JVM encodes and decodes. */
  static List<String> encoded(CodecMode mode) {
    List<String> lines = new ArrayList<>();
    for (int width : WIDTHS) {
      for (TestStream stream : TestStream.all(mode, width)) {
        int seed = 0;
        // Wide frames once, and short: the files stay small.
        for (int positions : width == 1000 ? new int[] {1} : new int[] {1, width < 65 ? 34 : 3}) {
          float[] values = stream.states(SEEDS[seed % SEEDS.length], positions);
          HeaderForm form = seed % 2 == 0 ? HeaderForm.SHORT : HeaderForm.LONG;
          byte[] frame = stream.encode(values, 3, form);
          lines.add(line(name(stream), frame, stream.decode(frame)));
          seed++;
        }
      }
    }
    return lines;
  }

  /** The same lines with the floats as this JVM decodes the frames in them. */
  static List<String> decoded(List<String> lines) {
    Map<String, TestStream> streams = streams();
    List<String> again = new ArrayList<>();
    for (String line : lines) {
      String name = line.substring(0, line.indexOf(' '));
      String base64 = line.substring(name.length() + 1, line.lastIndexOf(' '));
      byte[] frame = Base64.getDecoder().decode(base64);
      again.add(line(name, frame, requireNonNull(streams.get(name), name).decode(frame)));
    }
    return again;
  }

  private static Map<String, TestStream> streams() {
    Map<String, TestStream> streams = new HashMap<>();
    for (int width : WIDTHS) {
      TestStream.all(width).forEach(stream -> streams.put(name(stream), stream));
    }
    return streams;
  }

  private static String name(TestStream stream) {
    return stream.toString().replace(", ", ",").replace(" ", "-").toLowerCase(Locale.ROOT);
  }

  private static String line(String name, byte[] frame, float[] decoded) {
    byte[] bytes = new byte[decoded.length * Float.BYTES];
    Frames.view(bytes).asFloatBuffer().put(decoded);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return "%s %s %08x".formatted(name, Base64.getEncoder().encodeToString(frame), crc.getValue());
  }

  static String file(CodecMode mode) {
    return "golden-%s.txt".formatted(mode).toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static List<String> read(CodecMode mode) throws IOException {
    try (InputStream in = GoldenFrames.class.getResourceAsStream(file(mode))) {
      if (in == null) {
        throw new IOException("no resource " + file(mode) + ": write it as GoldenFrameTest says");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
    }
  }
}

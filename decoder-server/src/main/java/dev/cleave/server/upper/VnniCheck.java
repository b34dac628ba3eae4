package dev.cleave.server.upper;

import dev.cleave.server.engine.EngineException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether sums of 8-bit products are exact on this machine. Without VNNI an x86 processor adds two
 * products in 16 bits and cuts off what does not fit: no error, but other tokens.
 */
final class VnniCheck {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");
  private static final Set<String> VNNI = Set.of("avx512_vnni", "avx_vnni");

  private VnniCheck() {}

  /**
   * Refuses int8 where this machine's processors are not known to have VNNI.
   *
   * @throws EngineException that names what to take instead
   */
  static void require() {
    String cpuinfo;
    try {
      cpuinfo = Files.readString(CPUINFO, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw refused(CPUINFO + " cannot be read, so that nothing says whether it has VNNI", e);
    }
    require(cpuinfo);
  }

  /** As {@link #require()}, where this is the text of {@code /proc/cpuinfo}. */
  static void require(String cpuinfo) {
    List<Set<String>> processors =
        cpuinfo
            .lines()
            .filter(line -> line.matches("flags\\s*:.*"))
            .map(line -> Set.copyOf(List.of(line.split("[:\\s]+"))))
            .toList();
    if (processors.isEmpty()) {
      throw refused(CPUINFO + " lists no flags, so that nothing says whether it has VNNI", null);
    }
    for (Set<String> flags : processors) {
      if (VNNI.stream().noneMatch(flags::contains)) {
        throw refused(
            "it has neither avx512_vnni nor avx_vnni, without which 8-bit sums overflow", null);
      }
    }
  }

  private static EngineException refused(String reason, @Nullable IOException cause) {
    return new EngineException(
        "compute in int8", "this processor", reason + "; take --precision bf16 or f32", cause);
  }
}

package dev.cleave.edge.doctor;

import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The processor, and those of its instructions that make a difference to the device half. */
final class CpuProbe {
  private static final Pattern FLAGS = Pattern.compile("(?m)^(?:flags|Features)\\s*:\\s*(.*)$");
  private static final Pattern NAME = Pattern.compile("(?m)^model name\\s*:\\s*(.*)$");
  private static final Pattern CORE = Pattern.compile("(?m)^processor\\s*:");

  /** As the kernel names them; asimddp is the dot product of ARMv8.2. */
  private static final List<String> OF_INTEREST =
      List.of(
          "avx2",
          "fma",
          "avx_vnni",
          "avx512f",
          "avx512_vnni",
          "avx512_bf16",
          "amx_int8",
          "asimd",
          "asimdhp",
          "asimddp",
          "i8mm",
          "bf16",
          "sve",
          "sve2");

  private CpuProbe() {}

  static List<Finding> look(Machine machine) {
    String info = machine.text("/proc/cpuinfo").orElse("");
    Matcher flags = FLAGS.matcher(info);
    if (!flags.find()) {
      return List.of(
          Finding.notThere("cpu", "this system does not tell its features in /proc/cpuinfo", ""));
    }
    Set<String> all = Set.copyOf(List.of(flags.group(1).strip().split("\\s+")));
    List<String> found = OF_INTEREST.stream().filter(all::contains).toList();
    Matcher name = NAME.matcher(info);
    String text =
        "%s%d cores: %s"
            .formatted(
                name.find() ? name.group(1).strip() + ", " : "",
                CORE.matcher(info).results().count(),
                found.isEmpty() ? "no vector instructions of interest" : String.join(" ", found));
    if (!all.contains("avx2") && !all.contains("asimd")) {
      return List.of(
          Finding.warning(
              "cpu",
              text + "; the device half will be slow",
              "use a processor with AVX2 (x86) or ASIMD (ARM)"));
    }
    boolean dot =
        List.of("avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm").stream()
            .anyMatch(all::contains);
    return List.of(
        Finding.ok("cpu", text + (dot ? "" : "; no int8 dot products, so int8 gains little")));
  }
}

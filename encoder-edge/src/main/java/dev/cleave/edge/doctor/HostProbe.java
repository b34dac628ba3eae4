package dev.cleave.edge.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Operating system, Java and what it was started with, memory, heat of the processor. */
final class HostProbe {
  private static final Pattern PRETTY = Pattern.compile("(?m)^PRETTY_NAME=\"?([^\"\n]*)");

  /** Less is not enough for the smallest models beside a desktop. */
  private static final long LITTLE_KIB = 512 << 10;

  /** From here on a Raspberry Pi 5 slows itself down. */
  private static final double HOT_CELSIUS = 80;

  private static final int OLDEST_JAVA = 25;

  private HostProbe() {}

  static List<Finding> look(Machine machine) {
    List<Finding> findings = new ArrayList<>();
    findings.add(system(machine));
    findings.addAll(java());
    findings.add(memory(machine));
    findings.add(heat(machine));
    return findings;
  }

  private static Finding system(Machine machine) {
    String arch = machine.setting("os.arch").orElse("an architecture that it does not tell");
    String name = machine.setting("os.name").orElse("an unknown system");
    Matcher pretty = PRETTY.matcher(machine.text("/etc/os-release").orElse(""));
    String text =
        "%s%s, %s%s"
            .formatted(
                pretty.find() ? pretty.group(1) : name,
                machine.text("/proc/sys/kernel/osrelease").map(it -> ", kernel " + it).orElse(""),
                arch,
                machine.model().map(it -> ", " + it).orElse(""));
    if (arch.equals("arm") || arch.equals("x86") || arch.equals("i386")) {
      return Finding.problem("system", text + ": 32 bits", "install the 64-bit system");
    }
    boolean tried = name.equals("Linux") && arch.equals("amd64");
    if (tried) {
      return Finding.ok("system", text);
    }
    return arch.equals("aarch64")
        ? Finding.ok("system", text + " (the libraries for it are there; less tried than amd64)")
        : Finding.warning(
            "system", text + ": not tried", "Linux on amd64 or aarch64 is what is tested");
  }

  private static List<Finding> java() {
    Runtime.Version version = Runtime.version();
    String text =
        "%s, %s, heap up to %d MiB"
            .formatted(
                version,
                System.getProperty("java.vendor", "unknown vendor"),
                Runtime.getRuntime().maxMemory() >> 20);
    boolean access = HostProbe.class.getModule().isNativeAccessEnabled();
    boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    return List.of(
        version.feature() >= OLDEST_JAVA
            ? Finding.ok("java", text)
            : Finding.problem("java", text, "install JDK 25, such as temurin-25-jdk"),
        access
            ? Finding.ok("native-access", "granted")
            : Finding.warning(
                "native-access",
                "not granted: java warns, and later releases will refuse",
                "start with ./cleave, or java --enable-native-access=ALL-UNNAMED"),
        vector
            ? Finding.ok("vector-module", "jdk.incubator.vector is there")
            : Finding.warning(
                "vector-module",
                "not there: coding and quantising run on scalar code, several times slower",
                "start with ./cleave, or java --add-modules jdk.incubator.vector"));
  }

  private static Finding memory(Machine machine) {
    String info = machine.text("/proc/meminfo").orElse("");
    Optional<Long> total = kibibytes(info, "MemTotal");
    Optional<Long> free = kibibytes(info, "MemAvailable");
    if (total.isEmpty() || free.isEmpty()) {
      return Finding.notThere("memory", "this system does not tell in /proc/meminfo", "");
    }
    String text =
        String.format(
            Locale.ROOT,
            "%.1f GiB, %.1f GiB of it available",
            total.get() / 1048576.0,
            free.get() / 1048576.0);
    return free.get() >= LITTLE_KIB
        ? Finding.ok("memory", text)
        : Finding.warning(
            "memory", text + ": little for a model", "end other programs: ps aux --sort=-rss");
  }

  private static Optional<Long> kibibytes(String info, String name) {
    Matcher line = Pattern.compile("(?m)^" + name + ":\\s+(\\d{1,15}) kB").matcher(info);
    return line.find() ? Optional.of(Long.parseLong(line.group(1))) : Optional.empty();
  }

  /** The processor's own, not the board's: both sit in one case. */
  private static Finding heat(Machine machine) {
    double hottest = Double.NaN;
    for (var zone : machine.entries("/sys/class/thermal")) {
      String place = "/sys/class/thermal/" + zone.getFileName();
      String kind = machine.text(place + "/type").orElse("");
      String value = machine.text(place + "/temp").orElse("");
      if (value.matches("-?\\d{1,7}")) {
        // NaN loses against a number, as Math.max would not have it.
        double celsius = Integer.parseInt(value) / 1000.0;
        hottest = hottest >= celsius ? hottest : celsius;
      }
      String state = machine.text(place + "/cur_state").orElse("0");
      boolean slows = kind.startsWith("cpufreq") || kind.equals("Processor");
      if (slows && !state.equals("0")) {
        return Finding.warning(
            "processor-heat",
            "the processor is slowed down for its heat (%s at %s)".formatted(kind, state),
            "give it air: a Raspberry Pi 5 under a HAT needs its Active Cooler");
      }
    }
    if (undervolted(machine)) {
      return Finding.warning(
          "processor-heat",
          "the supply's voltage is too low, so the processor is slowed down",
          "use the 27 W supply of the Raspberry Pi 5; look again with: vcgencmd get_throttled");
    }
    if (Double.isNaN(hottest)) {
      return Finding.notThere("processor-heat", "this machine does not tell its temperature", "");
    }
    String text = String.format(Locale.ROOT, "%.1f C, not slowed down", hottest);
    return hottest < HOT_CELSIUS
        ? Finding.ok("processor-heat", text)
        : Finding.warning(
            "processor-heat",
            String.format(Locale.ROOT, "%.1f C: about to be slowed down", hottest),
            "give it air: a Raspberry Pi 5 under a HAT needs its Active Cooler");
  }

  private static boolean undervolted(Machine machine) {
    return machine.entries("/sys/class/hwmon").stream()
        .map(it -> "/sys/class/hwmon/" + it.getFileName())
        .filter(it -> machine.text(it + "/name").orElse("").equals("rpi_volt"))
        .anyMatch(it -> machine.text(it + "/in0_lcrit_alarm").orElse("0").equals("1"));
  }
}

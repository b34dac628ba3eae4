package dev.cleave.edge.doctor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/** A file tree as a Raspberry Pi 5 with an AI HAT+ 2 shows it, for what the doctor reads of it. */
final class FakePi {
  static final String BOARD = "0001:01:00.0";
  static final String KERNEL = "6.12.47+rpt-rpi-2712";

  private final Path root;
  private final Map<String, String> settings = new HashMap<>();

  private FakePi(Path root) {
    this.root = root;
    settings.put("os.arch", "aarch64");
    settings.put("os.name", "Linux");
  }

  /** A Pi that has never seen a board. */
  static FakePi bare(Path root) throws IOException {
    FakePi pi = new FakePi(root);
    pi.write("/etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\n");
    pi.write("/proc/sys/kernel/osrelease", KERNEL + "\n");
    pi.write("/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0");
    pi.write("/proc/meminfo", "MemTotal:  8257312 kB\nMemFree: 1 kB\nMemAvailable: 6001312 kB\n");
    pi.write(
        "/proc/cpuinfo",
        "processor\t: 0\nFeatures\t: fp asimd evtstrm aes crc32 atomics fphp asimdhp asimddp\n"
            + "processor\t: 1\nprocessor\t: 2\nprocessor\t: 3\n");
    pi.write("/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
    pi.write("/sys/class/thermal/thermal_zone0/temp", "51200\n");
    pi.write("/sys/class/thermal/cooling_device0/type", "cpufreq-cpu0\n");
    pi.write("/sys/class/thermal/cooling_device0/cur_state", "0\n");
    pi.write("/sys/class/hwmon/hwmon1/name", "rpi_volt\n");
    pi.write("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n");
    pi.device("0001:00:00.0", "0x14e4", "0x2712");
    pi.write("/usr/lib/aarch64-linux-gnu/libc.so.6", "");
    return pi;
  }

  /** A tree with nothing in it. */
  static FakePi empty(Path root) {
    return new FakePi(root);
  }

  /** With a board that works: HailoRT 5.2.0, Gen 3, a node that may be opened. */
  static FakePi healthy(Path root) throws IOException {
    FakePi pi = bare(root);
    pi.device(BOARD, "0x1e60", "0x45c4");
    pi.link("8.0 GT/s PCIe", "1", "8.0 GT/s PCIe", "4");
    pi.write("/sys/bus/pci/devices/" + BOARD + "/driver/module", "");
    pi.write("/sys/module/hailo1x_pci/version", "5.2.0\n");
    pi.write("/sys/class/hailo_chardev/hailo0/board_location", BOARD);
    pi.write("/dev/hailo0", "").mode("/dev/hailo0", "rw-rw-rw-");
    pi.write("/usr/lib/aarch64-linux-gnu/libhailort.so.5.2.0", "");
    pi.write("/usr/include/hailo/hailort.h", "");
    pi.write("/usr/local/lib/libcleave_hat.so", "\177ELF\0libhailort.so.5.2.0\0");
    pi.write("/usr/local/lib/libcleave_hat_hailort.so", "");
    return pi;
  }

  FakePi write(String absolute, String text) throws IOException {
    Path file = path(absolute);
    Files.createDirectories(file.resolveSibling(""));
    Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  FakePi delete(String absolute) throws IOException {
    try (var files = Files.walk(path(absolute))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    return this;
  }

  FakePi mode(String absolute, String mode) throws IOException {
    Files.setPosixFilePermissions(path(absolute), PosixFilePermissions.fromString(mode));
    return this;
  }

  FakePi device(String address, String vendor, String device) throws IOException {
    String place = "/sys/bus/pci/devices/" + address;
    return write(place + "/vendor", vendor + "\n").write(place + "/device", device + "\n");
  }

  FakePi link(String speed, String width, String topSpeed, String topWidth) throws IOException {
    String place = "/sys/bus/pci/devices/" + BOARD;
    write(place + "/current_link_speed", speed + "\n");
    write(place + "/current_link_width", width + "\n");
    write(place + "/max_link_speed", topSpeed + "\n");
    return write(place + "/max_link_width", topWidth + "\n");
  }

  FakePi set(String name, String value) {
    settings.put(name, value);
    return this;
  }

  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  /** A machine whose user owns nothing, since tests may run as root, who may open anything. */
  Machine machine() {
    return new Machine(root, settings, FakePi::openToAll);
  }

  private static boolean openToAll(Path node) {
    try {
      var permissions = Files.getPosixFilePermissions(node);
      return permissions.contains(PosixFilePermission.OTHERS_READ)
          && permissions.contains(PosixFilePermission.OTHERS_WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.cleave.edge.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The board as the kernel has it: on the PCIe bus, its link, its driver, its device node. Reads
 * files alone, so it works without any software of the vendor's.
 */
final class BoardProbe {
  private static final String DEVICES = "/sys/bus/pci/devices";
  private static final String VENDOR = "0x1e60";
  private static final String HAILO_10H = "0x45c4";
  private static final String HAILO_8 = "0x2864";

  /** Of the Hailo-10H from HailoRT 5.0 on; {@code hailo_pci} is that of the Hailo-8. */
  static final String MODULE = "hailo1x_pci";

  private static final String MODULE_OF_8 = "hailo_pci";

  /** HailoRT 5.0 to 5.2, and from 5.3 on. */
  private static final List<String> CLASSES = List.of("hailo_chardev", "hailo1x");

  private static final String INSTALL =
      "sudo apt install dkms && sudo apt install hailo-h10-all && sudo reboot";

  private final Machine machine;

  private BoardProbe(Machine machine) {
    this.machine = machine;
  }

  static List<Finding> look(Machine machine) throws IOException {
    return new BoardProbe(machine).look();
  }

  /** Whether an AI HAT+ 2 is on the bus. */
  static boolean present(Machine machine) {
    return !new BoardProbe(machine).boards(HAILO_10H).isEmpty();
  }

  /** The version of the driver that runs; empty where none does, or it does not tell. */
  static Optional<String> driverVersion(Machine machine) {
    return machine.text("/sys/module/" + MODULE + "/version");
  }

  private List<Finding> look() throws IOException {
    List<Finding> findings = new ArrayList<>();
    List<String> boards = boards(HAILO_10H);
    if (boards.isEmpty()) {
      findings.add(noBoard());
    }
    for (String board : boards) {
      findings.add(Finding.ok("board", "AI HAT+ 2 (Hailo-10H) at " + board));
      findings.add(link(board));
    }
    findings.add(driver(boards));
    findings.add(node(boards));
    return findings;
  }

  /** Addresses of the vendor's devices of one kind. */
  private List<String> boards(String kind) {
    return machine.entries(DEVICES).stream()
        .map(it -> it.getFileName().toString())
        .filter(it -> read(it, "vendor").equals(VENDOR) && read(it, "device").equals(kind))
        .toList();
  }

  private String read(String address, String file) {
    return machine.text("%s/%s/%s".formatted(DEVICES, address, file)).orElse("");
  }

  private Finding noBoard() {
    if (!boards(HAILO_8).isEmpty()) {
      return Finding.warning(
          "board",
          "a Hailo-8 or Hailo-8L is on the PCIe bus, which cannot be used: this needs a Hailo-10H",
          "fit an AI HAT+ 2; until then the device half runs on ONNX Runtime");
    }
    String hat =
        machine.text("/proc/device-tree/hat/vendor").orElse("")
            + " "
            + machine.text("/proc/device-tree/hat/product").orElse("");
    if (hat.contains("AI HAT") || hat.contains("Hailo")) {
      return Finding.problem(
          "board",
          "the board (%s) sits on the pins, but not on the PCIe bus".formatted(hat.strip()),
          "cut the power, fit the flat cable anew at both ends, start, then: lspci -d 1e60:");
    }
    if (!machine.has(DEVICES)) {
      return Finding.notThere(
          "board", "this machine shows no PCIe bus; ONNX Runtime does the work", "");
    }
    return machine.has("/sys/module/" + MODULE)
        ? Finding.warning(
            "board",
            "its driver is loaded, but no AI HAT+ 2 is on the PCIe bus",
            "cut the power, fit the flat cable anew at both ends, start, then: lspci -d 1e60:")
        : Finding.notThere(
            "board",
            "no AI HAT+ 2 is on the PCIe bus; ONNX Runtime does the work",
            "to fit one to a Raspberry Pi 5 see docs/hat.md");
  }

  private Finding link(String board) {
    String speed = read(board, "current_link_speed");
    String width = read(board, "current_link_width");
    String topSpeed = read(board, "max_link_speed");
    String topWidth = read(board, "max_link_width");
    if (speed.isEmpty() || width.isEmpty() || topSpeed.isEmpty() || topWidth.isEmpty()) {
      return Finding.warning(
          "pcie-link", "the kernel does not tell the link's speed", "sudo lspci -vv -d 1e60:");
    }
    String text = "%s x%s; the chip can %s x%s".formatted(speed, width, topSpeed, topWidth);
    if (transfers(speed) < transfers(topSpeed)) {
      return Finding.warning(
          "pcie-link",
          text + ": transfers take longer than they must",
          machine.raspberryPi()
              ? "echo dtparam=pciex1_gen=3 | sudo tee -a /boot/firmware/config.txt && sudo reboot"
              : "allow the slot PCIe Gen 3 in the firmware's set-up");
    }
    if (!width.equals(topWidth) && !machine.raspberryPi()) {
      return Finding.warning(
          "pcie-link", text + ": not all lanes are used", "use a slot with more lanes");
    }
    return Finding.ok(
        "pcie-link", width.equals(topWidth) ? text : text + "; a Raspberry Pi has one lane");
  }

  /** "8.0 GT/s PCIe" as 8.0; 0 for what is not of this form, as "Unknown". */
  private static double transfers(String speed) {
    String number = speed.split(" ", 2)[0];
    return number.matches("\\d{1,4}(\\.\\d{1,3})?") ? Double.parseDouble(number) : 0;
  }

  private Finding driver(List<String> boards) throws IOException {
    Optional<String> version = driverVersion(machine);
    if (version.isPresent()) {
      for (String board : boards) {
        if (!machine.has("%s/%s/driver".formatted(DEVICES, board))) {
          return Finding.problem(
              "driver",
              "%s %s is loaded, but did not take the board".formatted(MODULE, version.get()),
              "sudo dmesg | grep -i hailo; then cut the power for ten seconds and start again");
        }
      }
      return Finding.ok("driver", "%s %s".formatted(MODULE, version.get()));
    }
    if (boards.isEmpty()) {
      return Finding.notThere("driver", MODULE + " is not loaded", "");
    }
    if (machine.has("/sys/module/" + MODULE)) {
      return Finding.warning(
          "driver", MODULE + " is loaded, but does not tell its version", "modinfo " + MODULE);
    }
    if (machine.has("/sys/module/" + MODULE_OF_8)) {
      return Finding.problem(
          "driver",
          MODULE_OF_8 + " is loaded, which is for the Hailo-8",
          "sudo apt remove hailo-all && " + INSTALL);
    }
    return built()
        ? Finding.problem(
            "driver",
            MODULE + " is built for this kernel, but not loaded",
            "sudo modprobe " + MODULE + " && sudo dmesg | grep -i hailo")
        : Finding.problem("driver", "there is no " + MODULE + " for this kernel", INSTALL);
  }

  /** Whether the running kernel has the module on disk. */
  private boolean built() throws IOException {
    Path modules =
        machine.path(
            "/lib/modules/" + machine.text("/proc/sys/kernel/osrelease").orElse("unknown"));
    if (!Files.isDirectory(modules)) {
      return false;
    }
    try (Stream<Path> files =
        Files.find(
            modules, 8, (file, _) -> file.getFileName().toString().startsWith(MODULE + ".ko"))) {
      return files.findAny().isPresent();
    }
  }

  private Finding node(List<String> boards) {
    for (String kind : CLASSES) {
      for (Path entry : machine.entries("/sys/class/" + kind)) {
        Path node = machine.path("/dev").resolve(entry.getFileName().toString());
        return node(kind, node);
      }
    }
    return boards.isEmpty()
        ? Finding.notThere("device-node", "no /dev/hailo0 or /dev/h1x-0", "")
        : Finding.problem(
            "device-node",
            "the driver has made no /dev/hailo0 or /dev/h1x-0",
            "mend the driver first, then: sudo dmesg | grep -i hailo");
  }

  private Finding node(String kind, Path node) {
    String name = "/dev/" + node.getFileName();
    if (!Files.exists(node)) {
      return Finding.problem(
          "device-node",
          "the driver has a device, but there is no " + name,
          "sudo udevadm trigger; in a container: docker run --device " + name);
    }
    return machine.opens().test(node)
        ? Finding.ok("device-node", name + " may be read and written")
        : Finding.problem(
            "device-node",
            "this user may not read and write " + name,
            "echo 'SUBSYSTEM==\"%s\", MODE=\"0660\", GROUP=\"video\"' | sudo tee %s && sudo udevadm trigger && sudo usermod -aG video $USER; then log in again"
                .formatted(kind, "/etc/udev/rules.d/60-cleave-hat.rules"));
  }
}

package dev.cleave.edge.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS) // whose file names have no colons
class BoardProbeTest {
  @TempDir Path root;

  @Test
  void findsAHealthyBoard() throws IOException {
    List<Finding> findings = look(FakePi.healthy(root));
    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(findings)
        .extracting(Finding::key)
        .containsExactly(
            "board", "pcie-link", "driver", "device-node", "vendor-library", "shim", "versions");
    assertThat(text(findings, "board")).contains("Hailo-10H", FakePi.BOARD);
    assertThat(text(findings, "pcie-link"))
        .contains("8.0 GT/s PCIe x1", "can 8.0 GT/s PCIe x4", "one lane");
    assertThat(text(findings, "driver")).isEqualTo("hailo1x_pci 5.2.0");
    assertThat(text(findings, "shim")).contains("built for HailoRT 5.2.0");
    assertThat(text(findings, "versions")).isEqualTo("driver 5.2.0, library 5.2.0");
  }

  @Test
  void missesNothingOnAMachineWithoutABoard() throws IOException {
    List<Finding> findings = look(FakePi.bare(root));
    assertThat(findings).extracting(Finding::level).containsOnly(Level.NOT_THERE);
    assertThat(finding(findings, "board").fix()).contains("docs/hat.md");
  }

  @Test
  void saysNothingOfAPcieBusThatItDoesNotSee() {
    Machine empty = FakePi.empty(root).machine();
    assertThat(BoardProbe.present(empty)).isFalse();
    assertThat(BoardProbe.driverVersion(empty)).isEmpty();
  }

  @Test
  void warnsOfALinkThatIsSlowerThanItCouldBe() throws IOException {
    FakePi pi = FakePi.healthy(root).link("5.0 GT/s PCIe", "1", "8.0 GT/s PCIe", "4");
    Finding link = finding(look(pi), "pcie-link");
    assertThat(link.level()).isEqualTo(Level.WARNING);
    assertThat(link.text()).contains("5.0 GT/s PCIe x1");
    assertThat(link.fix()).contains("dtparam=pciex1_gen=3", "/boot/firmware/config.txt");
  }

  @Test
  void warnsOfUnusedLanesWhereThereCouldBeMore() throws IOException {
    FakePi pc = FakePi.healthy(root).write("/proc/device-tree/model", "Some Board");
    assertThat(finding(look(pc), "pcie-link").level()).isEqualTo(Level.WARNING);
  }

  @Test
  void doesNotPraiseALinkThatTheKernelDoesNotTellOf() throws IOException {
    FakePi pi =
        FakePi.healthy(root).delete("/sys/bus/pci/devices/" + FakePi.BOARD + "/current_link_speed");
    assertThat(finding(look(pi), "pcie-link").level()).isEqualTo(Level.WARNING);
    FakePi.healthy(root).link("Unknown", "1", "8.0 GT/s PCIe", "4");
    assertThat(finding(look(pi), "pcie-link").level()).isEqualTo(Level.WARNING);
  }

  @Test
  void findsADriverOfAnotherRelease() throws IOException {
    FakePi pi = FakePi.healthy(root).write("/sys/module/hailo1x_pci/version", "5.1.1\n");
    Finding versions = finding(look(pi), "versions");
    assertThat(versions.level()).isEqualTo(Level.PROBLEM);
    assertThat(versions.text()).contains("driver 5.1.1, library 5.2.0", "INVALID_DRIVER_VERSION");
    assertThat(versions.fix()).contains("hailo-h10-all", "reboot");
  }

  @Test
  void findsTheDriverOfTheOlderChip() throws IOException {
    FakePi pi =
        FakePi.healthy(root)
            .delete("/sys/module/hailo1x_pci")
            .write("/sys/module/hailo_pci/version", "4.20.0\n");
    Finding driver = finding(look(pi), "driver");
    assertThat(driver.level()).isEqualTo(Level.PROBLEM);
    assertThat(driver.text()).contains("Hailo-8");
    assertThat(driver.fix()).contains("remove hailo-all", "install hailo-h10-all");
  }

  @Test
  void tellsAModuleThatIsNotLoadedFromOneThatIsNotBuilt() throws IOException {
    FakePi pi = FakePi.healthy(root).delete("/sys/module/hailo1x_pci");
    assertThat(finding(look(pi), "driver").fix()).contains("apt install dkms");
    pi.write("/lib/modules/" + FakePi.KERNEL + "/updates/dkms/hailo1x_pci.ko.xz", "");
    assertThat(finding(look(pi), "driver").fix()).startsWith("sudo modprobe hailo1x_pci");
    assertThat(finding(look(pi), "driver").level()).isEqualTo(Level.PROBLEM);
  }

  @Test
  void findsABoardThatItsDriverDidNotTake() throws IOException {
    FakePi pi = FakePi.healthy(root).delete("/sys/bus/pci/devices/" + FakePi.BOARD + "/driver");
    assertThat(finding(look(pi), "driver").level()).isEqualTo(Level.PROBLEM);
  }

  @Test
  void findsANodeThatMayNotBeOpened() throws IOException {
    FakePi pi = FakePi.healthy(root).mode("/dev/hailo0", "rw-------");
    Finding node = finding(look(pi), "device-node");
    assertThat(node.level()).isEqualTo(Level.PROBLEM);
    assertThat(node.text()).contains("/dev/hailo0");
    assertThat(node.fix()).contains("SUBSYSTEM==\"hailo_chardev\"", "udevadm trigger");
  }

  @Test
  void knowsTheNamesOfLaterReleases() throws IOException {
    FakePi pi =
        FakePi.healthy(root)
            .delete("/sys/class/hailo_chardev")
            .delete("/dev/hailo0")
            .write("/sys/class/hailo1x/h1x-0/device_id", FakePi.BOARD);
    assertThat(finding(look(pi), "device-node").text()).contains("no /dev/h1x-0");
    pi.write("/dev/h1x-0", "").mode("/dev/h1x-0", "rw-------");
    assertThat(finding(look(pi), "device-node").fix()).contains("SUBSYSTEM==\"hailo1x\"");
    pi.mode("/dev/h1x-0", "rw-rw-rw-");
    assertThat(finding(look(pi), "device-node").level()).isEqualTo(Level.OK);
  }

  @Test
  void findsABoardWhoseCableIsLoose() throws IOException {
    FakePi pi =
        FakePi.bare(root)
            .write("/proc/device-tree/hat/vendor", "Raspberry Pi\0")
            .write("/proc/device-tree/hat/product", "AI HAT+ 2\0");
    Finding board = finding(look(pi), "board");
    assertThat(board.level()).isEqualTo(Level.PROBLEM);
    assertThat(board.fix()).contains("flat cable");
  }

  @Test
  void refusesTheOlderChip() throws IOException {
    FakePi pi = FakePi.bare(root).device(FakePi.BOARD, "0x1e60", "0x2864");
    Finding board = finding(look(pi), "board");
    assertThat(board.level()).isEqualTo(Level.WARNING);
    assertThat(board.text()).contains("Hailo-8", "cannot be used");
  }

  @Test
  void findsMissingLibrariesWhereThereIsABoard() throws IOException {
    FakePi pi =
        FakePi.healthy(root)
            .delete("/usr/lib/aarch64-linux-gnu/libhailort.so.5.2.0")
            .delete("/usr/local/lib/libcleave_hat.so");
    List<Finding> findings = look(pi);
    assertThat(finding(findings, "vendor-library").level()).isEqualTo(Level.PROBLEM);
    assertThat(finding(findings, "vendor-library").fix()).contains("hailo-h10-all");
    assertThat(finding(findings, "shim").level()).isEqualTo(Level.PROBLEM);
    assertThat(finding(findings, "shim").fix()).contains("build-shim.sh");
    assertThat(finding(findings, "versions").level()).isEqualTo(Level.NOT_THERE);
  }

  @Test
  void findsAShimForAnotherRelease() throws IOException {
    FakePi pi =
        FakePi.healthy(root)
            .write("/usr/local/lib/libcleave_hat.so", "\177ELF\0libhailort.so.5.1.1\0");
    Finding shim = finding(look(pi), "shim");
    assertThat(shim.level()).isEqualTo(Level.PROBLEM);
    assertThat(shim.text()).contains("built for HailoRT 5.1.1", "not installed");
  }

  @Test
  void findsHalfAShim() throws IOException {
    FakePi pi = FakePi.healthy(root).delete("/usr/local/lib/libcleave_hat_hailort.so");
    Finding shim = finding(look(pi), "shim");
    assertThat(shim.level()).isEqualTo(Level.PROBLEM);
    assertThat(shim.text()).contains("without libcleave_hat_hailort.so");
  }

  @Test
  void findsAShimThatIsNamedAndNotThere() throws IOException {
    FakePi pi = FakePi.bare(root).set("CLEAVE_HAT_LIBRARY", root.resolve("none.so").toString());
    Finding shim = finding(look(pi), "shim");
    assertThat(shim.level()).isEqualTo(Level.PROBLEM);
    assertThat(shim.text()).contains("CLEAVE_HAT_LIBRARY", "none.so");
  }

  @Test
  void findsTheLibraryOfTheOlderChip() throws IOException {
    FakePi pi = FakePi.bare(root).write("/usr/lib/aarch64-linux-gnu/libhailort.so.4.20.0", "");
    assertThat(finding(look(pi), "vendor-library").level()).isEqualTo(Level.PROBLEM);
  }

  private static List<Finding> look(FakePi pi) throws IOException {
    Machine machine = pi.machine();
    List<Finding> findings = new ArrayList<>(BoardProbe.look(machine));
    findings.addAll(LibraryProbe.look(machine, new NativeFiles(machine)));
    return findings;
  }

  static Finding finding(List<Finding> findings, String key) {
    return findings.stream().filter(it -> it.key().equals(key)).findFirst().orElseThrow();
  }

  private static String text(List<Finding> findings, String key) {
    return finding(findings, key).text();
  }
}

package dev.cleave.edge.doctor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The vendor's runtime and our shim over it, as files, and whether they and the driver match. */
final class LibraryProbe {
  static final String BUILD_SHIM = "native/hat-ffm/src/main/cpp/build-shim.sh";

  private final Machine machine;
  private final NativeFiles files;
  private final boolean board;

  private LibraryProbe(Machine machine, NativeFiles files) {
    this.machine = machine;
    this.files = files;
    this.board = BoardProbe.present(machine);
  }

  static List<Finding> look(Machine machine, NativeFiles files) throws IOException {
    return new LibraryProbe(machine, files).look();
  }

  private List<Finding> look() throws IOException {
    List<String> releases = files.vendorReleases();
    Optional<NativeFiles.Place> shim = files.shim();
    Optional<String> linked =
        shim.isPresent() && shim.get().there()
            ? NativeFiles.linkedRelease(shim.get().file())
            : Optional.empty();
    List<Finding> findings = new ArrayList<>();
    findings.add(vendor(releases));
    findings.add(shim(shim, linked, releases));
    findings.add(match(linked, releases));
    return findings;
  }

  private Finding vendor(List<String> releases) {
    if (releases.isEmpty()) {
      return missing(
          "vendor-library",
          "no libhailort is installed",
          "sudo apt install dkms && sudo apt install hailo-h10-all && sudo reboot");
    }
    String text = "libhailort " + String.join(", ", releases);
    boolean only8 = releases.stream().allMatch(it -> it.startsWith("4."));
    if (only8) {
      return Finding.problem(
          "vendor-library",
          text + ": releases 4 are for the Hailo-8",
          "sudo apt remove hailo-all && sudo apt install hailo-h10-all && sudo reboot");
    }
    return Finding.ok("vendor-library", text);
  }

  private Finding shim(
      Optional<NativeFiles.Place> shim, Optional<String> linked, List<String> releases) {
    if (shim.isEmpty()) {
      return missing(
          "shim",
          "no libcleave_hat.so in /usr/local/lib, %s or the build"
              .formatted(machine.libraryFolder()),
          (files.vendorHeaders() || releases.isEmpty() ? "" : "install the vendor's headers, then ")
              + BUILD_SHIM);
    }
    NativeFiles.Place place = shim.get();
    if (!place.there()) {
      return Finding.problem(
          "shim",
          "%s names %s, which is not there".formatted(NativeFiles.SHIM_SETTING, place.file()),
          "unset %s, or: %s".formatted(NativeFiles.SHIM_SETTING, BUILD_SHIM));
    }
    String text = place.file() + linked.map(it -> ", built for HailoRT " + it).orElse("");
    if (linked.isPresent() && !releases.contains(linked.get())) {
      return Finding.problem(
          "shim",
          "%s, which is not installed".formatted(text),
          "build it for what is installed: " + BUILD_SHIM);
    }
    Optional<Path> half = place.missingHalf();
    if (linked.isPresent() && half.isPresent()) {
      return Finding.problem(
          "shim", "%s, without %s beside it".formatted(text, half.get().getFileName()), BUILD_SHIM);
    }
    return Finding.ok("shim", text);
  }

  /** The vendor's library refuses a driver that differs in any of the three numbers. */
  private Finding match(Optional<String> linked, List<String> releases) {
    Optional<String> driver = BoardProbe.driverVersion(machine);
    Optional<String> library =
        linked.or(() -> releases.isEmpty() ? Optional.empty() : Optional.of(releases.getLast()));
    if (driver.isEmpty() || library.isEmpty()) {
      return Finding.notThere(
          "versions",
          "nothing to compare: "
              + (driver.isEmpty() ? "no driver is loaded" : "no library is installed"),
          "");
    }
    String text = "driver %s, library %s".formatted(driver.get(), library.get());
    return driver.get().equals(library.get())
        ? Finding.ok("versions", text)
        : Finding.problem(
            "versions",
            text + ": the library will refuse (INVALID_DRIVER_VERSION)",
            "sudo apt update && sudo apt install --reinstall hailo-h10-all && sudo reboot");
  }

  /** What a machine with a board needs, and one without does not. */
  private Finding missing(String key, String text, String fix) {
    return board ? Finding.problem(key, text, fix) : Finding.notThere(key, text, "");
  }
}

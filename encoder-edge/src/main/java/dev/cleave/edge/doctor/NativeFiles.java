package dev.cleave.edge.doctor;

import dev.cleave.edge.hat.HatLibraries;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the libraries of the board are on a machine: the vendor's, the shim, the simulator. */
final class NativeFiles {
  static final String SHIM_SETTING = HatLibraries.Kind.BOARD.environment();
  static final String SIMULATOR_SETTING = HatLibraries.Kind.SIMULATOR.environment();

  /** What the shim loads from its own folder, linked against the vendor's runtime. */
  private static final String BEHIND_SHIM = "libcleave_hat_hailort.so";

  /** The vendor's file carries its release, and nothing older fits a shim that was built for it. */
  private static final Pattern VENDOR = Pattern.compile("libhailort\\.so\\.(\\d+\\.\\d+\\.\\d+)");

  private static final int MAX_SHIM_BYTES = 16 << 20;

  private final Machine machine;

  NativeFiles(Machine machine) {
    this.machine = machine;
  }

  /**
   * A library of ours.
   *
   * @param asked whether a setting names it, so that it must be there
   */
  record Place(Path file, boolean asked) {
    boolean there() {
      return Files.isRegularFile(file);
    }

    /** The other half of a shim; empty where it is there. */
    Optional<Path> missingHalf() {
      Path half = file.resolveSibling(BEHIND_SHIM);
      return Files.isRegularFile(half) ? Optional.empty() : Optional.of(half);
    }
  }

  /** The shim; empty where no place that is looked at has one. */
  Optional<Place> shim() {
    return place(HatLibraries.Kind.BOARD);
  }

  /** The simulator. */
  Optional<Place> simulator() {
    return place(HatLibraries.Kind.SIMULATOR);
  }

  /** Releases of the vendor's runtime that are installed, oldest first. */
  List<String> vendorReleases() {
    List<Path> folders = new ArrayList<>();
    for (String folder : List.of(machine.libraryFolder(), "/usr/lib", "/usr/local/lib")) {
      folders.addAll(machine.entries(folder));
    }
    machine.setting("HAILORT_ROOT").ifPresent(root -> folders.addAll(list(Path.of(root, "lib"))));
    TreeSet<String> releases = new TreeSet<>();
    for (Path file : folders) {
      Matcher matcher = VENDOR.matcher(file.getFileName().toString());
      if (matcher.matches()) {
        releases.add(matcher.group(1));
      }
    }
    return List.copyOf(releases);
  }

  /** Whether the vendor's headers are installed, which building the shim takes. */
  boolean vendorHeaders() {
    return machine.has("/usr/include/hailo/hailort.h")
        || machine.has("/usr/local/include/hailo/hailort.h");
  }

  /** The release that a shim was linked against, by the name that its loader will look for. */
  static Optional<String> linkedRelease(Path shim) throws IOException {
    try (InputStream in = Files.newInputStream(shim)) {
      String bytes = new String(in.readNBytes(MAX_SHIM_BYTES), StandardCharsets.ISO_8859_1);
      Matcher matcher = VENDOR.matcher(bytes);
      return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
  }

  private Optional<Place> place(HatLibraries.Kind kind) {
    HatLibraries libraries = new HatLibraries(machine.root(), machine::setting);
    return libraries
        .named(kind)
        .map(file -> new Place(file, true))
        .or(() -> libraries.find(kind).map(file -> new Place(file, false)));
  }

  private static List<Path> list(Path folder) {
    try (var entries = Files.list(folder)) {
      return entries.toList();
    } catch (IOException _) {
      return List.of();
    }
  }
}

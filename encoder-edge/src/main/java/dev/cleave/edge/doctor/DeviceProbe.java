package dev.cleave.edge.doctor;

import dev.cleave.hat.HatDeviceInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The board through its library: whether it answers, and how it is. */
final class DeviceProbe {
  /** Scanning and opening take up to 10 seconds each, telemetry three times that; a JVM starts. */
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /** For the process to be ended and its folder cleared. */
  private static final Duration MARGIN = Duration.ofSeconds(10);

  /** DEVICE_IN_USE of {@code cleave_hat.h}. */
  private static final int IN_USE = 73;

  /** INVALID_DRIVER_VERSION. */
  private static final int WRONG_DRIVER = 76;

  /** How the simulator's version ends. */
  private static final String SIMULATED = "-simulated";

  private DeviceProbe() {}

  static Probe of(Machine machine, NativeFiles files) {
    return new Probe(
        "device",
        files.shim().isPresent() ? "asking the board (up to a minute)" : "",
        DEADLINE.plus(MARGIN),
        () -> look(machine, files.shim()));
  }

  static Probe ofSimulator(NativeFiles files) {
    return new Probe(
        "simulator", "", DEADLINE.plus(MARGIN), () -> List.of(simulator(files.simulator())));
  }

  private static List<Finding> look(Machine machine, Optional<NativeFiles.Place> shim)
      throws IOException, InterruptedException {
    if (shim.isEmpty() || !shim.get().there()) {
      return List.of(Finding.notThere("device", "not asked: there is no shim to ask with", ""));
    }
    Path file = shim.get().file();
    return switch (NativeLook.device(file, DEADLINE)) {
      case NativeLook.Outcome.Failed<DeviceReport>(String why) ->
          List.of(
              Finding.problem(
                  "device",
                  "loading %s and asking the board %s".formatted(file, why),
                  "build the shim again: " + LibraryProbe.BUILD_SHIM));
      case NativeLook.Outcome.Told<DeviceReport>(DeviceReport report) ->
          findings(
              report, BoardProbe.present(machine), BoardProbe.driverVersion(machine).orElse(""));
    };
  }

  /**
   * What a report means.
   *
   * @param board whether one is on the bus
   * @param driver its driver's version, or empty
   */
  static List<Finding> findings(DeviceReport report, boolean board, String driver) {
    List<Finding> findings = new ArrayList<>();
    if (report.version().endsWith(SIMULATED)) {
      findings.add(
          Finding.warning(
              "device",
              "the library named as the shim is the simulator, " + report.version(),
              "unset " + NativeFiles.SHIM_SETTING + "; --engine hat-sim is for the simulator"));
      return findings;
    }
    if (report.devices().isEmpty() && report.failure() == null) {
      findings.add(
          board
              ? Finding.problem(
                  "device",
                  "a board is on the bus, but HailoRT %s finds none".formatted(report.version()),
                  "hailortcli scan; sudo dmesg | grep -i hailo")
              : Finding.notThere(
                  "device", "HailoRT %s finds none".formatted(report.version()), ""));
      return findings;
    }
    HatDeviceInfo info = report.info();
    DeviceReport.Failure failure = report.failure();
    if (failure != null) {
      findings.add(failed(failure));
    } else if (info != null) {
      findings.add(opened(report.devices(), info, driver));
    }
    DeviceReport.Health health = report.health();
    if (health != null) {
      findings.addAll(health(health));
    }
    return findings;
  }

  private static Finding failed(DeviceReport.Failure failure) {
    return switch (failure.status()) {
      case IN_USE ->
          Finding.warning(
              "device",
              "another process has the board, so it was not asked",
              "sudo fuser -v /dev/hailo0 /dev/h1x-0");
      case WRONG_DRIVER ->
          Finding.problem(
              "device",
              failure.message(),
              "sudo apt update && sudo apt install --reinstall hailo-h10-all && sudo reboot");
      default ->
          Finding.problem(
              "device", failure.message(), "hailortcli fw-control identify; sudo dmesg | tail");
    };
  }

  private static Finding opened(List<String> devices, HatDeviceInfo info, String driver) {
    String text =
        "%s at %s, firmware %s"
            .formatted(
                info.architecture().isEmpty() ? "a device" : info.architecture(),
                String.join(", ", devices),
                info.firmware().isEmpty() ? "untold" : info.firmware());
    // A driver that was upgraded under a running board talks to the firmware that it had before.
    boolean stale =
        !driver.isEmpty() && !info.firmware().isEmpty() && !info.firmware().startsWith(driver);
    return stale
        ? Finding.warning(
            "device",
            "%s, but the driver is %s".formatted(text, driver),
            "sudo poweroff, wait ten seconds, start again")
        : Finding.ok("device", text);
  }

  private static List<Finding> health(DeviceReport.Health health) {
    List<Finding> findings = new ArrayList<>();
    Double celsius = health.temperatureCelsius();
    Double watts = health.powerWatts();
    findings.add(
        celsius == null
            ? Finding.notThere("board-temperature", "the board does not tell", "")
            : Finding.ok("board-temperature", String.format(Locale.ROOT, "%.1f C", celsius)));
    findings.add(
        watts == null
            ? Finding.notThere("board-power", "the board has no sensor for it", "")
            : Finding.ok("board-power", String.format(Locale.ROOT, "%.2f W", watts)));
    Boolean throttled = health.throttled();
    if (throttled == null) {
      findings.add(Finding.notThere("board-throttling", "the board does not tell", ""));
    } else if (throttled) {
      findings.add(
          Finding.warning(
              "board-throttling",
              "the board is slowed down for its heat",
              "fit the board's heat sink and the Active Cooler, give the case air"));
    } else {
      findings.add(Finding.ok("board-throttling", "not slowed down"));
    }
    return findings;
  }

  private static Finding simulator(Optional<NativeFiles.Place> simulator)
      throws IOException, InterruptedException {
    if (simulator.isEmpty()) {
      return Finding.notThere(
          "simulator", "not built; only development needs it", "install gcc, then: ./cleave build");
    }
    NativeFiles.Place place = simulator.get();
    if (!place.there()) {
      return Finding.problem(
          "simulator",
          "%s names %s, which is not there".formatted(NativeFiles.SIMULATOR_SETTING, place.file()),
          "unset " + NativeFiles.SIMULATOR_SETTING);
    }
    return switch (NativeLook.device(place.file(), DEADLINE)) {
      case NativeLook.Outcome.Failed<DeviceReport>(String why) ->
          Finding.problem(
              "simulator", "loading %s %s".formatted(place.file(), why), "./cleave build");
      case NativeLook.Outcome.Told<DeviceReport>(DeviceReport report) ->
          report.failure() == null
              ? Finding.ok("simulator", "%s, for development".formatted(report.version()))
              : Finding.warning(
                  "simulator",
                  "%s: %s".formatted(report.version(), report.failure().message()),
                  "unset the faults that are injected: env | grep CLEAVE_HAT_SIM");
    };
  }
}

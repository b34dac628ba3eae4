package dev.cleave.edge.doctor;

import dev.cleave.hat.HatDevice;
import dev.cleave.hat.HatDeviceInfo;
import dev.cleave.hat.HatException;
import dev.cleave.hat.HatLibrary;
import dev.cleave.hat.HatTelemetry;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * What a library of the board tells when it is loaded and asked. Crosses between two processes as
 * JSON, so what is absent is null.
 *
 * @param version of the runtime below
 * @param devices names of those that there are
 * @param failure what stopped the rest, or null
 * @param info of the first device, or null where it could not be opened
 * @param health of the first device, or null where it did not tell
 */
record DeviceReport(
    String version,
    List<String> devices,
    @Nullable Failure failure,
    @Nullable HatDeviceInfo info,
    @Nullable Health health) {

  /** A status of the library. */
  record Failure(int status, String message) {}

  /** Sensors; null where the device has none. */
  record Health(
      @Nullable Double temperatureCelsius,
      @Nullable Double powerWatts,
      @Nullable Double utilisation,
      @Nullable Boolean throttled) {
    private static Health of(HatTelemetry telemetry) {
      return new Health(
          boxed(telemetry.temperatureCelsius()),
          boxed(telemetry.powerWatts()),
          boxed(telemetry.utilisation()),
          telemetry.throttled().orElse(null));
    }

    private static @Nullable Double boxed(OptionalDouble value) {
      return value.isPresent() ? value.getAsDouble() : null;
    }
  }

  /** Asks a library; blocks up to half a minute. */
  static DeviceReport of(HatLibrary library) {
    String version = library.version();
    List<String> devices = List.of();
    HatDeviceInfo info = null;
    try {
      devices = library.scan();
      if (devices.isEmpty()) {
        return new DeviceReport(version, devices, null, null, null);
      }
      try (HatDevice device = library.open(devices.getFirst())) {
        info = device.info();
        return new DeviceReport(version, devices, null, info, Health.of(device.telemetry()));
      }
    } catch (HatException e) {
      Failure failure = new Failure(e.status(), String.valueOf(e.getMessage()));
      return new DeviceReport(version, devices, failure, info, null);
    }
  }
}

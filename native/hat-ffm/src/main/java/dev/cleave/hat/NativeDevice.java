package dev.cleave.hat;

import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_TIMEOUT;

import dev.cleave.hat.ffi.cleave_hat_device_info;
import dev.cleave.hat.ffi.cleave_hat_h;
import dev.cleave.hat.ffi.cleave_hat_telemetry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToIntFunction;

/** A device behind its handle. */
final class NativeDevice implements HatDevice {
  /** The vendor's client now and then loses a reply, and says TIMEOUT when it has waited for it. */
  private static final int TELEMETRY_ATTEMPTS = 3;

  private final cleave_hat_h calls;
  private final Statuses statuses;
  private final String name;
  private final Handle handle;
  private final Runnable onClose;

  NativeDevice(
      cleave_hat_h calls, Statuses statuses, MemorySegment address, String name, Runnable onClose) {
    this.calls = calls;
    this.statuses = statuses;
    this.name = name;
    this.handle = new Handle(statuses, address, "device " + name);
    this.onClose = onClose;
  }

  @Override
  public HatDeviceInfo info() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = cleave_hat_device_info.allocate(local);
      statuses.check(
          handle.call(device -> calls.cleave_hat_device_info_of(device, out)),
          "asking " + name + " what it is");
      return new HatDeviceInfo(
          cleave_hat_device_info.architecture(out),
          cleave_hat_device_info.firmware(out),
          cleave_hat_device_info.serial(out));
    }
  }

  @Override
  public HatTelemetry telemetry() {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = cleave_hat_telemetry.allocate(local);
      int status = CLEAVE_HAT_TIMEOUT;
      for (int i = 0; i < TELEMETRY_ATTEMPTS && status == CLEAVE_HAT_TIMEOUT; i++) {
        status = handle.call(device -> calls.cleave_hat_device_telemetry(device, out));
      }
      statuses.check(status, "reading the telemetry of " + name);
      int throttled = cleave_hat_telemetry.throttled(out);
      return new HatTelemetry(
          sensor(cleave_hat_telemetry.temperature_celsius(out)),
          sensor(cleave_hat_telemetry.power_watts(out)),
          sensor(cleave_hat_telemetry.utilisation(out)),
          throttled < 0 ? Optional.empty() : Optional.of(throttled != 0));
    }
  }

  private static OptionalDouble sensor(float value) {
    return Float.isNaN(value) || value == -1 ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  @Override
  public HatModel load(Path file) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment path = local.allocateFrom(file.toString());
      MemorySegment out = local.allocate(ValueLayout.ADDRESS);
      return load(
          out, file.toString(), device -> calls.cleave_hat_model_load_file(device, path, out));
    }
  }

  @Override
  public HatModel load(MemorySegment bytes) {
    try (Arena local = Arena.ofConfined()) {
      MemorySegment data = bytes;
      if (!bytes.isNative()) {
        data = local.allocate(bytes.byteSize());
        data.copyFrom(bytes);
      }
      MemorySegment given = data;
      MemorySegment out = local.allocate(ValueLayout.ADDRESS);
      return load(
          out,
          "a model of %d bytes".formatted(bytes.byteSize()),
          device -> calls.cleave_hat_model_load_buffer(device, given, given.byteSize(), out));
    }
  }

  private HatModel load(MemorySegment out, String model, ToIntFunction<MemorySegment> call) {
    statuses.check(handle.call(call), "loading %s on %s".formatted(model, name));
    return new NativeModel(calls, statuses, out.get(ValueLayout.ADDRESS, 0), model);
  }

  @Override
  public void close() {
    if (handle.close(calls::cleave_hat_device_close)) {
      onClose.run();
    }
  }
}

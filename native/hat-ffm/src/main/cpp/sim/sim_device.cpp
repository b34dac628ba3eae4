/* Devices: scan, open, telemetry, close. */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sim_chip.h"

using namespace cleave_sim;

namespace {

std::string name_of(int64_t index) {
  char name[32];
  std::snprintf(name, sizeof(name), "%04d:01:00.0", static_cast<int>(index) + 1);
  return name;
}

void copy_name(char *to, const std::string &from) { std::snprintf(to, CLEAVE_HAT_NAME_BYTES, "%s", from.c_str()); }

/** Finds what may be opened under this name; throws Refused. */
std::unique_ptr<cleave_hat_device> found(Library &library, const char *name) {
  const Config &config = library.faults.config();
  if (config.driver_missing != 0) throw Refused{CLEAVE_HAT_DRIVER_NOT_INSTALLED};
  if (config.driver_mismatch != 0) throw Refused{CLEAVE_HAT_INVALID_DRIVER_VERSION};
  if (config.devices == 0) throw Refused{CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES};
  bool known = false;
  for (int64_t i = 0; i < config.devices; i++) {
    if (name != nullptr && name_of(i) != name) continue;
    known = true;
    const auto taken = [&](const cleave_hat_device *device) { return device->index == i; };
    if (config.busy != 0 || std::any_of(library.devices.begin(), library.devices.end(), taken)) continue;
    auto device = std::make_unique<cleave_hat_device>();
    device->name = name_of(i);
    device->index = static_cast<uint32_t>(i);
    device->measured = Clock::now();
    return device;
  }
  throw Refused{known ? CLEAVE_HAT_DEVICE_IN_USE : CLEAVE_HAT_INVALID_ARGUMENT};
}

}  // namespace

uint64_t cleave_hat_model::frame_bytes(size_t edge) const {
  const cleave_sim::Tensor &tensor = model.of(model.edges[edge]);
  return formats[edge] == CLEAVE_HAT_FLOAT32 ? tensor.elements * sizeof(float)
                                             : tensor.elements * cleave_sim::bytes_of(tensor.dtype);
}

extern "C" {

int32_t cleave_hat_scan(cleave_hat_device_id *out, uint32_t capacity, uint32_t *count) {
  if (count == nullptr || (out == nullptr && capacity > 0)) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &) -> int32_t {
    if (library.faults.config().driver_missing != 0) return CLEAVE_HAT_DRIVER_NOT_INSTALLED;
    const uint32_t devices = static_cast<uint32_t>(library.faults.config().devices);
    *count = devices;
    if (capacity < devices) return CLEAVE_HAT_INSUFFICIENT_BUFFER;
    for (uint32_t i = 0; i < devices; i++) copy_name(out[i].name, name_of(i));
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_open(const char *name, cleave_hat_device **out) {
  if (out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> door(Library::get().doors);
  return guarded([&](Library &library, auto &) {
    auto device = found(library, name);
    library.devices.reserve(library.devices.size() + 1);
    library.start(device.get());
    library.devices.push_back(device.get());
    library.open.devices++;
    *out = device.release();
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_info_of(cleave_hat_device *device, cleave_hat_device_info *out) {
  if (device == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &, auto &) {
    if (device->lost) return CLEAVE_HAT_COMMUNICATION_CLOSED;
    cleave_hat_device_info info = {};
    copy_name(info.architecture, "HAILO10H");
    copy_name(info.firmware, "5.2.0");
    copy_name(info.serial, "SIMULATED-" + std::to_string(device->index + 1));
    *out = info;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_telemetry(cleave_hat_device *device, cleave_hat_telemetry *out) {
  if (device == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &held) {
    if (device->lost) return CLEAVE_HAT_COMMUNICATION_CLOSED;
    if (library.faults.next_reply_is_lost()) {
      const Time deadline = Clock::now() + std::chrono::milliseconds(library.faults.config().reply_timeout_ms);
      library.changed.wait_until(held, deadline, [&] { return device->lost; });
      return device->lost ? CLEAVE_HAT_COMMUNICATION_CLOSED : CLEAVE_HAT_TIMEOUT;
    }
    const Config &config = library.faults.config();
    const Time now = Clock::now();
    const double passed = std::chrono::duration<double>(now - device->measured).count();
    const double taken = std::chrono::duration<double>(device->taken).count();
    const float share = passed > 0 ? static_cast<float>(std::min(1.0, taken / passed)) : 0.0F;
    device->measured = now;
    device->taken = std::chrono::microseconds(0);
    cleave_hat_telemetry telemetry = {};
    telemetry.temperature_celsius = config.no_temperature_sensor != 0 ? NAN : static_cast<float>(config.temperature);
    // A board at rest takes about 1 W, and under 2 W when it works.
    telemetry.power_watts = config.no_power_sensor != 0 ? NAN : 1.0F + 0.9F * share;
    telemetry.utilisation = config.no_telemetry != 0 ? NAN : share;
    telemetry.throttled = config.no_telemetry != 0 ? -1 : static_cast<int32_t>(config.throttled);
    *out = telemetry;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_close(cleave_hat_device *device) {
  if (device == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> door(Library::get().doors);
  const int32_t status = guarded([&](Library &library, auto &) {
    if (device->models > 0) return CLEAVE_HAT_INVALID_OPERATION;
    device->stopping = true;
    library.devices.erase(std::find(library.devices.begin(), library.devices.end(), device));
    library.open.devices--;
    library.changed.notify_all();
    return CLEAVE_HAT_SUCCESS;
  });
  if (status != CLEAVE_HAT_SUCCESS) return status;
  Library::get().stop(device);
  delete device;
  return CLEAVE_HAT_SUCCESS;
}

}  // extern "C"

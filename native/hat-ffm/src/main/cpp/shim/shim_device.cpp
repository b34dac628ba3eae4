/* Devices: scan, open, telemetry, close. */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "shim.h"

using namespace cleave_shim;

namespace {

template <size_t N>
void copy_text(char (&to)[N], const std::string &from) {
  std::snprintf(to, N, "%s", from.c_str());
}

/** A field of the vendor's that need not end with a zero. */
std::string text_of(const char *from, size_t length, size_t capacity) {
  return std::string(from, strnlen(from, std::min(length, capacity)));
}

const char *architecture_of(hailo_device_architecture_t architecture) {
  switch (architecture) {
    case HAILO_ARCH_HAILO10H:
      return "HAILO10H";
    case HAILO_ARCH_HAILO15H:
      return "HAILO15H";
    case HAILO_ARCH_HAILO15M:
      return "HAILO15M";
    case HAILO_ARCH_HAILO15L:
      return "HAILO15L";
    case HAILO_ARCH_HAILO8:
      return "HAILO8";
    case HAILO_ARCH_HAILO8L:
      return "HAILO8L";
    default:
      return "";
  }
}

/** The one physical device of a virtual one. */
int32_t physical(cleave_hat_device *device, hailort::Device *&out) {
  auto all = device->vdevice->get_physical_devices();
  if (!all) return status_of(all.status());
  if (all.value().empty()) return CLEAVE_HAT_COMMUNICATION_CLOSED;
  out = &all.value().front().get();
  return CLEAVE_HAT_SUCCESS;
}

/** The vendor's RPC client turns a fast reply into a time-out once in a while: what is asked is asked once more. */
template <typename Ask>
auto twice(Ask ask) {
  auto answer = ask();
  return answer.status() == HAILO_TIMEOUT ? ask() : std::move(answer);
}

/** The board tells of throttling when it changes; until then it is unknown. */
void follow_throttling(cleave_hat_device *device) {
  hailort::Device *board = nullptr;
  if (physical(device, board) != CLEAVE_HAT_SUCCESS) return;
  const auto throttled = device->throttled;
  const auto told = [throttled](hailort::Device &, const hailo_notification_t &notification, void *) {
    const auto state = notification.body.throttling_state_change.new_state;
    *throttled = state == HAILO_THROTTLING_STATE_NONE ? 0 : 1;
  };
  // Not every firmware has it: then it stays unknown.
  (void)board->set_notification_callback(told, HAILO_NOTIFICATION_ID_THROTTLING_STATE_CHANGE_EVENT, nullptr);
}

}  // namespace

extern "C" {

int32_t cleave_hat_scan(cleave_hat_device_id *out, uint32_t capacity, uint32_t *count) {
  if (count == nullptr || (out == nullptr && capacity > 0)) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    auto found = hailort::Device::scan();
    if (!found) return status_of(found.status());
    const std::vector<std::string> ids = found.release();
    *count = static_cast<uint32_t>(ids.size());
    if (capacity < ids.size()) return CLEAVE_HAT_INSUFFICIENT_BUFFER;
    for (size_t i = 0; i < ids.size(); i++) copy_text(out[i].name, ids[i]);
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_open(const char *name, cleave_hat_device **out) {
  if (out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    auto found = hailort::Device::scan();
    if (!found) return status_of(found.status());
    const std::vector<std::string> ids = found.release();
    if (ids.empty()) return CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES;
    if (name != nullptr && std::find(ids.begin(), ids.end(), name) == ids.end()) return CLEAVE_HAT_INVALID_ARGUMENT;
    hailo_vdevice_params_t parameters = {};
    const hailo_status filled = hailo_init_vdevice_params(&parameters);
    if (filled != HAILO_SUCCESS) return status_of(filled);
    hailo_device_id_t id = {};
    if (name != nullptr) {
      if (std::strlen(name) >= sizeof(id.id)) return CLEAVE_HAT_INVALID_ARGUMENT;
      std::memcpy(id.id, name, std::strlen(name) + 1);
      parameters.device_ids = &id;
    }
    parameters.device_count = 1;
    auto vdevice = hailort::VDevice::create(parameters);
    if (!vdevice) {
      // Without a name the vendor passes over devices that are taken, and says that there are not enough.
      const bool taken = name == nullptr && vdevice.status() == HAILO_OUT_OF_PHYSICAL_DEVICES;
      return taken ? CLEAVE_HAT_DEVICE_IN_USE : status_of(vdevice.status());
    }
    auto device = std::make_unique<cleave_hat_device>();
    device->vdevice = vdevice.release();
    follow_throttling(device.get());
    counts().devices++;
    *out = device.release();
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_info_of(cleave_hat_device *device, cleave_hat_device_info *out) {
  if (device == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::lock_guard<std::mutex> held(device->lock);
    hailort::Device *board = nullptr;
    const int32_t status = physical(device, board);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    auto identity = twice([&] { return board->identify(); });
    if (!identity) return status_of(identity.status());
    const hailo_device_identity_t &is = identity.value();
    cleave_hat_device_info info = {};
    copy_text(info.architecture, architecture_of(is.device_architecture));
    copy_text(info.firmware, std::to_string(is.fw_version.major) + "." + std::to_string(is.fw_version.minor) + "." +
                                 std::to_string(is.fw_version.revision));
    copy_text(info.serial, text_of(is.serial_number, is.serial_number_length, sizeof(is.serial_number)));
    *out = info;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_telemetry(cleave_hat_device *device, cleave_hat_telemetry *out) {
  if (device == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::lock_guard<std::mutex> held(device->lock);
    hailort::Device *board = nullptr;
    const int32_t status = physical(device, board);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    auto temperature = twice([&] { return board->get_chip_temperature(); });
    const hailo_status asked = temperature.status();
    if (asked == HAILO_TIMEOUT || status_of(asked) == CLEAVE_HAT_COMMUNICATION_CLOSED) return status_of(asked);
    auto power = board->power_measurement(HAILO_DVM_OPTIONS_AUTO, HAILO_POWER_MEASUREMENT_TYPES__POWER);
    auto load = board->query_performance_stats();
    // The vendor gives -1 for what it cannot read.
    const float share = load ? load.value().nnc_utilization : -1.0F;
    cleave_hat_telemetry telemetry = {};
    telemetry.temperature_celsius =
        temperature ? std::max(temperature.value().ts0_temperature, temperature.value().ts1_temperature) : NAN;
    telemetry.power_watts = power ? power.value() : NAN;
    telemetry.utilisation = share < 0 ? NAN : share / 100.0F;
    telemetry.throttled = *device->throttled;
    *out = telemetry;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_device_close(cleave_hat_device *device) {
  if (device == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    {
      const std::lock_guard<std::mutex> held(device->lock);
      if (device->models > 0) return CLEAVE_HAT_INVALID_OPERATION;
    }
    counts().devices--;
    delete device;
    return CLEAVE_HAT_SUCCESS;
  });
}

}  // extern "C"

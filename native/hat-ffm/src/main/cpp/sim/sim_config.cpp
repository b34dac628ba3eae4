#include "sim_config.h"

#include <cerrno>
#include <cstdlib>

namespace cleave_sim {
namespace {

struct Key {
  const char *name;
  int64_t Config::*member;
  int64_t low;
  int64_t high;
};

constexpr int64_t kMany = 1000000000;

const Key kKeys[] = {
    {"devices", &Config::devices, 0, 8},
    {"queue", &Config::queue, 1, 64},
    {"latency_us", &Config::latency_us, 0, kMany},
    {"pcie_mb_s", &Config::pcie_mb_s, 0, kMany},
    {"temperature", &Config::temperature, -273, 1000},
    {"no_power_sensor", &Config::no_power_sensor, 0, 1},
    {"no_temperature_sensor", &Config::no_temperature_sensor, 0, 1},
    {"no_telemetry", &Config::no_telemetry, 0, 1},
    {"throttled", &Config::throttled, 0, 1},
    {"busy", &Config::busy, 0, 1},
    {"driver_missing", &Config::driver_missing, 0, 1},
    {"driver_mismatch", &Config::driver_mismatch, 0, 1},
    {"hef_release", &Config::hef_release, 0, kMany},
    {"no_memory", &Config::no_memory, 0, 1},
    {"per_feature", &Config::per_feature, 0, 1},
    {"lost_at_call", &Config::lost_at_call, 0, kMany},
    {"launch_fails_at", &Config::launch_fails_at, 0, kMany},
    {"fails_at", &Config::fails_at, 0, kMany},
    {"timeout_at", &Config::timeout_at, 0, kMany},
    {"late_us", &Config::late_us, -1, kMany},
    {"spurious_timeout_every", &Config::spurious_timeout_every, 0, kMany},
    {"reply_timeout_ms", &Config::reply_timeout_ms, 0, 60000},
    {"slow_callback_us", &Config::slow_callback_us, 0, kMany},
};

std::string trimmed(const std::string &text) {
  const char *blank = " \t\r";
  const size_t begin = text.find_first_not_of(blank);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::string apply_one(const std::string &item, Config &config) {
  const size_t equals = item.find('=');
  const std::string name = trimmed(item.substr(0, equals));
  const std::string value = equals == std::string::npos ? "" : trimmed(item.substr(equals + 1));
  for (const Key &key : kKeys) {
    if (name != key.name) continue;
    char *end = nullptr;
    errno = 0;
    const long long number = std::strtoll(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0' || errno != 0 || number < key.low || number > key.high) {
      return name + "=" + value + ": needs a whole number from " + std::to_string(key.low) + " to " +
             std::to_string(key.high);
    }
    config.*key.member = number;
    return "";
  }
  return "\"" + name + "\" is no key; cleave_hat_sim.h lists them";
}

}  // namespace

std::string apply(const std::string &text, Config &config) {
  std::string wrong;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    line = line.substr(0, line.find('#'));
    for (size_t from = 0; from <= line.size();) {
      size_t comma = line.find(',', from);
      if (comma == std::string::npos) comma = line.size();
      const std::string item = trimmed(line.substr(from, comma - from));
      from = comma + 1;
      if (item.empty()) continue;
      const std::string problem = apply_one(item, config);
      if (wrong.empty()) wrong = problem;
    }
  }
  return wrong;
}

}  // namespace cleave_sim

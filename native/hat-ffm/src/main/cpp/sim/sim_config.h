/* Settings of the simulator and what they make of the n-th transfer. See cleave_hat_sim.h for the keys. */
#ifndef CLEAVE_SIM_CONFIG_H
#define CLEAVE_SIM_CONFIG_H

#include <cstdint>
#include <string>

namespace cleave_sim {

struct Config {
  int64_t devices = 1;
  int64_t queue = 4;
  int64_t latency_us = 0;
  int64_t pcie_mb_s = 0;
  int64_t temperature = 45;
  int64_t no_power_sensor = 0;
  int64_t no_temperature_sensor = 0;
  int64_t no_telemetry = 0;
  int64_t throttled = 0;
  int64_t busy = 0;
  int64_t driver_missing = 0;
  int64_t driver_mismatch = 0;
  int64_t hef_release = 5002;
  int64_t no_memory = 0;
  int64_t per_feature = 0;
  int64_t lost_at_call = 0;
  int64_t launch_fails_at = 0;
  int64_t fails_at = 0;
  int64_t timeout_at = 0;
  int64_t late_us = 50000;
  int64_t spurious_timeout_every = 0;
  int64_t reply_timeout_ms = 10000;
  int64_t slow_callback_us = 0;
};

/** Reads settings into `config`. Returns what is wrong with the first that is, or an empty string. */
std::string apply(const std::string &text, Config &config);

/** What happens to one transfer. */
struct Fate {
  bool lost = false;
  bool launch_fails = false;
  bool fails = false;
  bool late = false;
};

/** The settings that are in force, and how far the counts are. Guarded by the lock of the library. */
class Faults {
 public:
  Faults();

  /** Looks whether the file has changed. */
  void refresh();

  /** Takes settings of cleave_hat_sim_configure; false where they are wrong. */
  bool configure(const char *text);

  const Config &config() const { return config_; }

  Fate next_transfer();

  /** Whether the next reply of telemetry or run() is lost. */
  bool next_reply_is_lost();

 private:
  void rebuild();

  Config config_;
  std::string environment_;
  std::string path_;
  std::string file_;
  std::string call_;
  int64_t file_seconds_ = -1;
  int64_t file_nanos_ = -1;
  int64_t file_bytes_ = -1;
  int64_t transfers_ = 0;
  int64_t replies_ = 0;
};

}  // namespace cleave_sim

#endif

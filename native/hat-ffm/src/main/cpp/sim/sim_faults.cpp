#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sim_config.h"

namespace cleave_sim {
namespace {

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void complain(const char *where, const std::string &problem) {
  if (!problem.empty()) std::fprintf(stderr, "cleave_hat_sim: %s: %s\n", where, problem.c_str());
}

}  // namespace

Faults::Faults() : environment_(environment("CLEAVE_HAT_SIM")), path_(environment("CLEAVE_HAT_SIM_CONFIG")) {
  rebuild();
  Config ignored;
  complain("CLEAVE_HAT_SIM", apply(environment_, ignored));
}

void Faults::refresh() {
  if (path_.empty()) return;
  struct stat status = {};
  const bool there = stat(path_.c_str(), &status) == 0;
  const int64_t seconds = there ? static_cast<int64_t>(status.st_mtim.tv_sec) : -1;
  const int64_t nanos = there ? static_cast<int64_t>(status.st_mtim.tv_nsec) : -1;
  const int64_t bytes = there ? static_cast<int64_t>(status.st_size) : -1;
  if (seconds == file_seconds_ && nanos == file_nanos_ && bytes == file_bytes_) return;
  file_seconds_ = seconds;
  file_nanos_ = nanos;
  file_bytes_ = bytes;
  std::ifstream in(path_);
  std::ostringstream text;
  text << in.rdbuf();
  file_ = text.str();
  rebuild();
  Config ignored;
  complain(path_.c_str(), apply(file_, ignored));
}

bool Faults::configure(const char *text) {
  Config ignored;
  const std::string wanted = text == nullptr ? "" : text;
  const std::string problem = apply(wanted, ignored);
  complain("cleave_hat_sim_configure", problem);
  if (!problem.empty()) return false;
  call_ = wanted;
  rebuild();
  return true;
}

void Faults::rebuild() {
  config_ = Config();
  apply(environment_, config_);
  apply(file_, config_);
  apply(call_, config_);
  transfers_ = 0;
  replies_ = 0;
}

Fate Faults::next_transfer() {
  transfers_++;
  Fate fate;
  fate.lost = transfers_ == config_.lost_at_call;
  fate.launch_fails = transfers_ == config_.launch_fails_at;
  fate.fails = transfers_ == config_.fails_at;
  fate.late = transfers_ == config_.timeout_at;
  return fate;
}

bool Faults::next_reply_is_lost() {
  if (config_.spurious_timeout_every == 0) return false;
  replies_++;
  return replies_ % config_.spurious_timeout_every == 0;
}

}  // namespace cleave_sim

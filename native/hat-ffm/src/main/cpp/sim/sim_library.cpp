/* The functions of the library itself, and of its settings. */
#include <cstring>

#include "cleave_hat_sim.h"
#include "sim_chip.h"

using cleave_sim::guarded;
using cleave_sim::Library;

extern "C" {

uint32_t cleave_hat_abi_version(void) { return CLEAVE_HAT_ABI_VERSION; }

int32_t cleave_hat_library_version(char *out, uint64_t capacity, uint64_t *needed) {
  static const char version[] = "5.2.0-simulated";
  if (needed == nullptr || (out == nullptr && capacity > 0)) return CLEAVE_HAT_INVALID_ARGUMENT;
  *needed = sizeof(version);
  if (capacity < sizeof(version)) return CLEAVE_HAT_INSUFFICIENT_BUFFER;
  std::memcpy(out, version, sizeof(version));
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_count_open(cleave_hat_open_handles *out) {
  if (out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &) {
    *out = library.open;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_sim_configure(const char *text) {
  return guarded([&](Library &library, auto &) {
    const bool right = library.faults.configure(text);
    library.changed.notify_all();
    return right ? CLEAVE_HAT_SUCCESS : CLEAVE_HAT_INVALID_ARGUMENT;
  });
}

}  // extern "C"

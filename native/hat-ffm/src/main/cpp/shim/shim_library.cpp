/* The library's own functions, and what all files share. */
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "shim.h"

static_assert(static_cast<int>(CLEAVE_HAT_TIMEOUT) == HAILO_TIMEOUT, "the vendor has numbered its statuses anew");
static_assert(static_cast<int>(CLEAVE_HAT_INVALID_HEF) == HAILO_INVALID_HEF, "as above");
static_assert(static_cast<int>(CLEAVE_HAT_COMMUNICATION_CLOSED) == HAILO_COMMUNICATION_CLOSED, "as above");
static_assert(static_cast<int>(CLEAVE_HAT_DEVICE_IN_USE) == HAILO_DEVICE_IN_USE, "as above");
static_assert(static_cast<int>(CLEAVE_HAT_QUEUE_IS_FULL) == HAILO_QUEUE_IS_FULL, "as above");
static_assert(static_cast<int>(CLEAVE_HAT_HEF_NOT_SUPPORTED) == HAILO_HEF_NOT_SUPPORTED, "as above");
static_assert(static_cast<int>(CLEAVE_HAT_OPERATION_ABORTED) == HAILO_OPERATION_ABORTED, "as above");

namespace cleave_shim {

Counts &counts() {
  static Counts all;
  return all;
}

int32_t status_of(hailo_status status) {
  switch (status) {
    case HAILO_STREAM_ABORT:
      return CLEAVE_HAT_OPERATION_ABORTED;
    case HAILO_DEVICE_NOT_CONNECTED:
      return CLEAVE_HAT_COMMUNICATION_CLOSED;
    default:
      return static_cast<int32_t>(status);
  }
}

uint64_t page_bytes() {
  static const uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

Pages::Pages(uint64_t bytes) {
  const uint64_t whole = (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
  if (posix_memalign(&data_, page_bytes(), whole) != 0) throw std::bad_alloc();
}

Pages::~Pages() { std::free(data_); }

}  // namespace cleave_shim

using cleave_shim::counts;

extern "C" {

uint32_t cleave_hat_abi_version(void) { return CLEAVE_HAT_ABI_VERSION; }

int32_t cleave_hat_library_version(char *out, uint64_t capacity, uint64_t *needed) {
  if (needed == nullptr || (out == nullptr && capacity > 0)) return CLEAVE_HAT_INVALID_ARGUMENT;
  hailo_version_t version = {};
  const hailo_status status = hailo_get_library_version(&version);
  if (status != HAILO_SUCCESS) return cleave_shim::status_of(status);
  char text[64];
  std::snprintf(text, sizeof(text), "%u.%u.%u", version.major, version.minor, version.revision);
  *needed = std::strlen(text) + 1;
  if (capacity < *needed) return CLEAVE_HAT_INSUFFICIENT_BUFFER;
  std::memcpy(out, text, *needed);
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_count_open(cleave_hat_open_handles *out) {
  if (out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  *out = {counts().devices, counts().models, counts().sessions, counts().transfers};
  return CLEAVE_HAT_SUCCESS;
}

}  // extern "C"

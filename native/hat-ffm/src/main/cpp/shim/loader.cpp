/*
 * libcleave_hat.so: finds the shim beside itself when it is first called, and passes every call on.
 *
 * The vendor's runtime writes log files as soon as it is loaded, unless the environment says otherwise, so that it must
 * not be loaded with this library, but behind it. This also leaves something that can be asked when the runtime was
 * removed, or replaced by another release: it says so once on stderr, and every call is OPEN_FILE_FAILURE.
 */
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cleave_hat.h"

#ifndef CLEAVE_HAILORT_SONAME
#define CLEAVE_HAILORT_SONAME "libhailort.so"
#endif

namespace {

/** Every function of the ABI that returns a status: name, parameters, arguments. */
#define CLEAVE_HAT_FUNCTIONS(F)                                                                                       \
  F(library_version, (char *a, uint64_t b, uint64_t *c), (a, b, c))                                                   \
  F(count_open, (cleave_hat_open_handles * a), (a))                                                                   \
  F(scan, (cleave_hat_device_id * a, uint32_t b, uint32_t *c), (a, b, c))                                             \
  F(device_open, (const char *a, cleave_hat_device **b), (a, b))                                                      \
  F(device_info_of, (cleave_hat_device * a, cleave_hat_device_info * b), (a, b))                                      \
  F(device_telemetry, (cleave_hat_device * a, cleave_hat_telemetry * b), (a, b))                                      \
  F(device_close, (cleave_hat_device * a), (a))                                                                       \
  F(model_load_file, (cleave_hat_device * a, const char *b, cleave_hat_model **c), (a, b, c))                         \
  F(model_load_buffer, (cleave_hat_device * a, const void *b, uint64_t c, cleave_hat_model **d), (a, b, c, d))        \
  F(model_edge_count, (cleave_hat_model * a, uint32_t * b), (a, b))                                                   \
  F(model_edge_info, (cleave_hat_model * a, uint32_t b, cleave_hat_edge_info * c), (a, b, c))                         \
  F(model_set_format, (cleave_hat_model * a, const char *b, int32_t c), (a, b, c))                                    \
  F(model_set_batch, (cleave_hat_model * a, uint32_t b), (a, b))                                                      \
  F(model_free, (cleave_hat_model * a), (a))                                                                          \
  F(session_open, (cleave_hat_model * a, cleave_hat_session * *b), (a, b))                                            \
  F(session_queue_size, (cleave_hat_session * a, uint32_t * b), (a, b))                                               \
  F(session_run, (cleave_hat_session * a, const cleave_hat_buffer *b, uint32_t c, uint32_t d), (a, b, c, d))          \
  F(session_wait_ready, (cleave_hat_session * a, uint32_t b, uint32_t c), (a, b, c))                                  \
  F(session_run_async,                                                                                                \
    (cleave_hat_session * a, const cleave_hat_buffer *b, uint32_t c, cleave_hat_done d, void *e), (a, b, c, d, e))    \
  F(session_shutdown, (cleave_hat_session * a), (a))                                                                  \
  F(session_close, (cleave_hat_session * a), (a))

struct Functions {
#define CLEAVE_HAT_FIELD(name, parameters, arguments) int32_t(*name) parameters = nullptr;
  CLEAVE_HAT_FUNCTIONS(CLEAVE_HAT_FIELD)
#undef CLEAVE_HAT_FIELD
  bool whole = false;
};

/** What it was built for; whoever looks at this file finds the release in it. */
const char kRuntime[] = CLEAVE_HAILORT_SONAME;

void say(const char *problem) {
  std::fprintf(stderr, "libcleave_hat: built for %s: %s; run build-shim.sh again where HailoRT was changed\n", kRuntime,
               problem);
}

/** Loads the shim; it stays: threads of the vendor's runtime may run until the process ends. */
Functions loaded() {
  Functions functions;
  setenv("HAILORT_LOGGER_PATH", "NONE", 0);
  Dl_info self = {};
  if (dladdr(reinterpret_cast<void *>(&cleave_hat_abi_version), &self) == 0 || self.dli_fname == nullptr) {
    say("cannot tell where it lies");
    return functions;
  }
  std::string path = self.dli_fname;
  path.erase(path.rfind('/') + 1);
  path += "libcleave_hat_hailort.so";
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    say(dlerror());
    return functions;
  }
  functions.whole = true;
#define CLEAVE_HAT_FIND(name, parameters, arguments)                                              \
  functions.name = reinterpret_cast<int32_t(*) parameters>(dlsym(library, "cleave_hat_" #name)); \
  functions.whole = functions.whole && functions.name != nullptr;
  CLEAVE_HAT_FUNCTIONS(CLEAVE_HAT_FIND)
#undef CLEAVE_HAT_FIND
  if (!functions.whole) say("libcleave_hat_hailort.so beside it is of another release");
  return functions;
}

const Functions &functions() {
  static const Functions once = loaded();
  return once;
}

}  // namespace

extern "C" {

uint32_t cleave_hat_abi_version(void) { return CLEAVE_HAT_ABI_VERSION; }

#define CLEAVE_HAT_PASS(name, parameters, arguments)                                            \
  int32_t cleave_hat_##name parameters {                                                        \
    return functions().whole ? functions().name arguments : CLEAVE_HAT_OPEN_FILE_FAILURE;       \
  }
CLEAVE_HAT_FUNCTIONS(CLEAVE_HAT_PASS)
#undef CLEAVE_HAT_PASS

}  // extern "C"

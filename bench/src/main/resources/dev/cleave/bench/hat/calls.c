/* The calls that `cleave bench hat` makes from Java, made from C. Compiled by it, with the compiler that is there. */
#include <stdint.h>

/* Through a pointer that is read anew each time, as a caller of a library has it. */
int64_t cleave_bench_version(uint32_t (*call)(void), int64_t times) {
  uint32_t (*volatile function)(void) = call;
  int64_t sum = 0;
  for (int64_t i = 0; i < times; i++) {
    sum += function();
  }
  return sum;
}

int64_t cleave_bench_wait_ready(int32_t (*call)(void *, uint32_t, uint32_t), void *session, int64_t times) {
  int32_t (*volatile function)(void *, uint32_t, uint32_t) = call;
  int64_t sum = 0;
  for (int64_t i = 0; i < times; i++) {
    sum += function(session, 1, 1000);
  }
  return sum;
}

/* The status of the first that fails, else 0. */
int64_t cleave_bench_run(
    int32_t (*call)(void *, const void *, uint32_t, uint32_t), void *session, const void *buffers, int64_t edges,
    int64_t times) {
  int32_t status = 0;
  for (int64_t i = 0; i < times && status == 0; i++) {
    status = call(session, buffers, (uint32_t)edges, 10000);
  }
  return status;
}

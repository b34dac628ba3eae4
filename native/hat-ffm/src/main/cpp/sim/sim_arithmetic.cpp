#include "sim_arithmetic.h"

#include <cmath>

namespace cleave_sim {

// The wider twin is chosen when the library is loaded. Sanitizers are not set up yet by then, so they get one.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLEAVE_SIM_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLEAVE_SIM_CLONES
#endif

CLEAVE_SIM_CLONES
void dot4(const int16_t *const a[4], const int16_t *b, size_t n, int64_t out[4]) {
  // |a| <= 2^15 and |b| <= 2^8: 128 products fit an int32 with a bit to spare.
  constexpr size_t kBlock = 128;
  const int16_t *a0 = a[0];
  const int16_t *a1 = a[1];
  const int16_t *a2 = a[2];
  const int16_t *a3 = a[3];
  int64_t total[4] = {0, 0, 0, 0};
  for (size_t from = 0; from < n; from += kBlock) {
    const size_t to = n - from < kBlock ? n : from + kBlock;
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    for (size_t i = from; i < to; i++) {
      s0 += static_cast<int32_t>(a0[i]) * b[i];
      s1 += static_cast<int32_t>(a1[i]) * b[i];
      s2 += static_cast<int32_t>(a2[i]) * b[i];
      s3 += static_cast<int32_t>(a3[i]) * b[i];
    }
    total[0] += s0;
    total[1] += s1;
    total[2] += s2;
    total[3] += s3;
  }
  for (int i = 0; i < 4; i++) out[i] = total[i];
}

double activation_of(uint32_t kind, double x) {
  switch (kind) {
    case 1:
      return x > 0 ? x : 0;
    case 2:
      return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
    case 3:
      return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    default:
      return x / (1 + std::exp(-x));
  }
}

}  // namespace cleave_sim

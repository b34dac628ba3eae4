/* Exact integer products, and the rounding of real values to stored integers. */
#ifndef CLEAVE_SIM_ARITHMETIC_H
#define CLEAVE_SIM_ARITHMETIC_H

#include <cstddef>
#include <cstdint>

#include "sim_model.h"

namespace cleave_sim {

/** Rows of one side of a product: value = p[row * stride + i] + offset, and the sum of each row's p. */
struct Left {
  const int16_t *p;
  size_t stride;
  const int64_t *sums;
  int64_t offset;
};

/** The other side: value = hi * 256 + lo + offset (lo may be null: hi + offset). */
struct Right {
  const int16_t *hi;
  const int16_t *lo;
  size_t stride;
  const int64_t *sums;
  int64_t offset;
};

/** Four rows of `a` (which may be the same) times one of `b`, of n integers each; exact. |b| is at most 256. */
void dot4(const int16_t *const a[4], const int16_t *b, size_t n, int64_t out[4]);

/** Every row of a times every row of b; tells `emit(row of a, row of b, exact sum)`. */
template <typename Emit>
void multiply(const Left &a, size_t rows, const Right &b, size_t columns, size_t n, Emit emit) {
  const int64_t both = static_cast<int64_t>(n) * a.offset * b.offset;
  for (size_t c = 0; c < columns; c++) {
    const int64_t of_column = both + a.offset * b.sums[c];
    for (size_t r = 0; r < rows; r += 4) {
      const size_t some = rows - r < 4 ? rows - r : 4;
      const int16_t *four[4];
      for (size_t i = 0; i < 4; i++) four[i] = a.p + (r + (i < some ? i : 0)) * a.stride;
      int64_t high[4];
      int64_t low[4] = {0, 0, 0, 0};
      dot4(four, b.hi + c * b.stride, n, high);
      if (b.lo != nullptr) dot4(four, b.lo + c * b.stride, n, low);
      for (size_t i = 0; i < some; i++) {
        const int64_t sum = b.lo != nullptr ? high[i] * 256 + low[i] : high[i];
        emit(r + i, c, sum + of_column + b.offset * a.sums[r + i]);
      }
    }
  }
}

/** v + zero point, rounded half to even and clipped to 0 .. highest. NaN becomes 0. */
inline uint16_t stored(double v, int32_t zero_point, int32_t highest) {
  const double low = -static_cast<double>(zero_point);
  const double high = static_cast<double>(highest - zero_point);
  v = v > low ? v : low;
  v = v < high ? v : high;
  // 1.5 * 2^52: adding it leaves no bits for a fraction, and the processor rounds to even. |v| is below 2^17 here.
  constexpr double kWhole = 6755399441055744.0;
  v = (v + kWhole) - kWhole;
  return static_cast<uint16_t>(static_cast<int32_t>(v) + zero_point);
}

/** The real value of one function of kind 1 relu, 2 gelu (erf), 3 gelu (tanh), 4 silu. */
double activation_of(uint32_t kind, double x);

}  // namespace cleave_sim

#endif

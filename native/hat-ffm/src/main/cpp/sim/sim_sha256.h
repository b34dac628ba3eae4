/* SHA-256 (FIPS 180-4), for the checksum of model files. */
#ifndef CLEAVE_SIM_SHA256_H
#define CLEAVE_SIM_SHA256_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace cleave_sim {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  void update(const uint8_t *data, size_t bytes);
  Digest finish();

 private:
  void block(const uint8_t *data);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> rest_ = {};
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

Digest sha256(const uint8_t *data, size_t bytes);

}  // namespace cleave_sim

#endif

/* Model files that somebody has damaged on purpose, with the right checksum: refused or computed, and nothing else. */
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "contract.h"

namespace {

/** Loads it, and where it is taken, runs it once. */
bool taken(cleave_hat_device *device, const std::vector<uint8_t> &file) {
  cleave_hat_model *model = nullptr;
  const int32_t status = cleave_hat_model_load_buffer(device, file.data(), file.size(), &model);
  if (status != CLEAVE_HAT_SUCCESS) {
    EXPECT(model == nullptr);
    EXPECT(status == CLEAVE_HAT_HEF_FILE_CORRUPTED || status == CLEAVE_HAT_HEF_NOT_SUPPORTED ||
           status == CLEAVE_HAT_INVALID_HEF || status == CLEAVE_HAT_FILE_OPERATION_FAILURE);
    return false;
  }
  cleave_hat_session *session = nullptr;
  OK(cleave_hat_session_open(model, &session));
  {
    const Buffers buffers(model, 1, 1);
    const int32_t ran = cleave_hat_session_run(session, buffers.list.data(), buffers.count(), kLong);
    EXPECT(ran == CLEAVE_HAT_SUCCESS || ran == CLEAVE_HAT_INTERNAL_FAILURE);
    EXPECT(buffers.clean());
  }
  OK(cleave_hat_session_close(session));
  OK(cleave_hat_model_free(model));
  return true;
}

/** All that a program can hold, small: softmax with bias and mask, norms, a 16-bit LINEAR, a table's worth of nodes. */
ModelFile everything() {
  ModelFile model;
  const uint32_t x = model.activation(U16, {4, 8}, 0.001F, 30000);
  const uint32_t mask = model.activation(U16, {1, 4}, 1, 65535);
  const uint32_t y = model.activation(U8, {4, 8}, 0.1F, 128);
  model.edge("x", 0, x);
  model.edge("mask", 0, mask);
  model.edge("y", 1, y);
  const uint32_t w = model.weights(S16, 8, 8, std::vector<int32_t>(64, 1000), std::vector<float>(8, 1e-4F));
  const uint32_t b = model.constant(S32, {8}, 0, 0, std::vector<int32_t>(8, 5));
  const uint32_t gamma = model.floats({8}, std::vector<float>(8, 1));
  const uint32_t bias = model.floats({2, 4, 4}, std::vector<float>(32, 0.5F));
  const uint32_t stored = model.constant(U8, {4, 8}, 0.01F, 3, std::vector<int32_t>(32, 77));
  const auto wide = [&] { return model.activation(U16, {4, 8}, 0.001F, 32768); };
  const uint32_t linear = wide(), normed = wide(), layered = wide(), mixed = wide(), sum = wide(), product = wide();
  const uint32_t scores = model.activation(U16, {2, 4, 4}, 0.001F, 32768);
  const uint32_t shares = model.activation(U8, {2, 4, 4}, 1.0F / 255, 0);
  model.node(LINEAR, linear, {x, w, b});
  model.node(RMS_NORM, normed, {linear, gamma}, 0, 1e-6F);
  model.node(LAYER_NORM, layered, {normed, gamma, gamma}, 0, 1e-6F);
  model.node(SCORES, scores, {linear, normed}, 2, 0.5F);
  model.node(SOFTMAX, shares, {scores, bias, mask});
  model.node(MIX, mixed, {shares, layered});
  model.node(ADD, sum, {mixed, stored});
  model.node(MULTIPLY, product, {sum, x});
  model.node(ACTIVATION, y, {product}, 3);
  return model;
}

ModelFile recorded() {
  ModelFile table;
  table.edge("in", 0, table.activation(U8, {1, 16}, 1, 0));
  table.edge("out", 1, table.activation(U16, {1, 8}, 1, 0));
  table.frame({std::vector<uint8_t>(16, 7)}, std::vector<uint8_t>(16, 9));
  table.frame({std::vector<uint8_t>(16, 8)}, std::vector<uint8_t>(16, 9));
  return table;
}

void put32(std::vector<uint8_t> &file, size_t at, uint32_t value) {
  if (at + 4 <= file.size()) std::memcpy(file.data() + at, &value, 4);
}

/** Numbers at which readers fall. */
uint32_t nasty(Random &random) {
  const uint32_t list[] = {0, 1, 2, 3, 7, 8, 16, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                           0xFFFFFFF8, 0x3F800000, 0x7F800000, 0x7FC00000, 0x00800000, 0x02000000};
  if (random.below(4) == 0) return static_cast<uint32_t>(random.next());
  return list[random.below(sizeof(list) / sizeof(list[0]))];
}

}  // namespace

CASE(damaged_models_never_crash, Needs::Simulator) {
  cleave_hat_device *device = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  int accepted = 0;
  int refused = 0;
  for (const std::vector<uint8_t> &whole : {everything().file(), recorded().file()}) {
    EXPECT(taken(device, whole));
    const size_t structure = std::min(whole.size(), size_t{96} + 3 * 144 + 18 * 80 + 9 * 64);
    for (uint64_t seed = 0; seed < 5500; seed++) {
      Random random(seed);
      std::vector<uint8_t> file = whole;
      const uint64_t changes = 1 + random.below(3);
      for (uint64_t i = 0; i < changes; i++) {
        // Fields of four bytes lie at multiples of four; once in a while anywhere, and in the data.
        const uint64_t where = random.below(random.below(8) == 0 ? file.size() : structure);
        if (random.below(3) == 0) {
          file[where] = static_cast<uint8_t>(random.next());
        } else {
          put32(file, where / 4 * 4, nasty(random));
        }
      }
      if (random.below(16) == 0) file.resize(96 + random.below(file.size() - 96));
      // Magic, version and release again, or little else would be reached.
      std::copy(whole.begin(), whole.begin() + 16, file.begin());
      std::fill(file.begin() + 40, file.begin() + 64, uint8_t{0});
      seal(file);
      (taken(device, file) ? accepted : refused)++;
    }
  }
  // Both happen, or the mutations are not what they are meant to be.
  EXPECT(accepted > 500 && refused > 4000);
  std::printf("  %d damaged models refused, %d computed\n", refused, accepted);
  OK(cleave_hat_device_close(device));
}

CASE(models_cut_short_never_crash, Needs::Simulator) {
  cleave_hat_device *device = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  const std::vector<uint8_t> whole = everything().file();
  for (size_t length = 96; length < whole.size(); length++) {
    std::vector<uint8_t> file(whole.begin(), whole.begin() + static_cast<long>(length));
    seal(file);
    EXPECT(!taken(device, file));
  }
  for (size_t at = 0; at < whole.size(); at++) {
    std::vector<uint8_t> file = whole;
    file[at] ^= 0x80;
    taken(device, file);
    EXPECT(at >= 40 || !taken(device, file));
    if (at < 96) continue;
    seal(file);
    taken(device, file);
  }
  OK(cleave_hat_device_close(device));
}

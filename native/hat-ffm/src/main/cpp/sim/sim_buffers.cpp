/* Between the caller's buffers, in the types that he chose, and the stored integers of the edges. */
#include <cstring>

#include "sim_arithmetic.h"
#include "sim_chip.h"

namespace cleave_sim {
namespace {

std::vector<uint8_t> quantised(const Tensor &tensor, const uint8_t *from) {
  std::vector<uint8_t> out(tensor.elements * bytes_of(tensor.dtype));
  for (size_t i = 0; i < tensor.elements; i++) {
    float value;
    std::memcpy(&value, from + i * sizeof(float), sizeof(float));
    const uint16_t integer =
        stored(static_cast<double>(value) / static_cast<double>(tensor.scale), tensor.zero_point, tensor.highest());
    if (tensor.dtype == Dtype::U8) {
      out[i] = static_cast<uint8_t>(integer);
    } else {
      std::memcpy(out.data() + i * sizeof(integer), &integer, sizeof(integer));
    }
  }
  return out;
}

void dequantise(const Tensor &tensor, const uint8_t *from, uint8_t *to) {
  for (size_t i = 0; i < tensor.elements; i++) {
    uint16_t integer = from[i];
    if (tensor.dtype == Dtype::U16) std::memcpy(&integer, from + i * sizeof(integer), sizeof(integer));
    const float value = static_cast<float>(integer - tensor.zero_point) * tensor.scale;
    std::memcpy(to + i * sizeof(value), &value, sizeof(value));
  }
}

}  // namespace

std::vector<std::vector<std::vector<uint8_t>>> gather(const Transfer &transfer) {
  const cleave_hat_model &model = *transfer.session->model;
  std::vector<std::vector<std::vector<uint8_t>>> frames(model.batch);
  for (uint32_t f = 0; f < model.batch; f++) {
    for (size_t i = 0; i < model.model.edges.size(); i++) {
      const Edge &edge = model.model.edges[i];
      if (!edge.input) continue;
      const uint64_t bytes = model.frame_bytes(i);
      const uint8_t *from = transfer.data[i] + f * bytes;
      if (model.formats[i] == CLEAVE_HAT_FLOAT32) {
        frames[f].push_back(quantised(model.model.of(edge), from));
      } else {
        frames[f].emplace_back(from, from + bytes);
      }
    }
  }
  return frames;
}

void scatter(const Transfer &transfer) {
  const cleave_hat_model &model = *transfer.session->model;
  size_t next = 0;
  for (uint32_t f = 0; f < model.batch; f++) {
    for (size_t i = 0; i < model.model.edges.size(); i++) {
      const Edge &edge = model.model.edges[i];
      if (edge.input) continue;
      const std::vector<uint8_t> &result = transfer.results[next++];
      uint8_t *to = transfer.data[i] + f * model.frame_bytes(i);
      if (model.formats[i] == CLEAVE_HAT_FLOAT32) {
        dequantise(model.model.of(edge), result.data(), to);
      } else {
        std::memcpy(to, result.data(), result.size());
      }
    }
  }
}

}  // namespace cleave_sim

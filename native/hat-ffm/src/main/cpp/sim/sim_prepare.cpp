/* What is made ready when a program is loaded: planes of weights, constants, tables of activation functions. */
#include <cmath>
#include <cstring>

#include "cleave_hat.h"
#include "sim_arithmetic.h"
#include "sim_model.h"

namespace cleave_sim {
namespace {

/** A table is 128 KB: a program gets so many at most, and computes the other functions each time. */
constexpr int kMostTables = 64;

template <typename T>
T read(const Model &model, uint64_t offset, size_t index) {
  T value;
  std::memcpy(&value, model.file.data() + offset + index * sizeof(T), sizeof(T));
  return value;
}

double finite(double value) {
  if (!std::isfinite(value)) throw Refused{CLEAVE_HAT_HEF_FILE_CORRUPTED};
  return value;
}

void weights(const Model &model, const Tensor &tensor, Prepared &out) {
  const bool wide = tensor.dtype == Dtype::S16;
  const size_t rows = tensor.sizes[0];
  const size_t columns = tensor.sizes[1];
  out.weights.hi.resize(tensor.elements);
  if (wide) out.weights.lo.resize(tensor.elements);
  out.weights.sums.assign(rows, 0);
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = r * columns; i < (r + 1) * columns; i++) {
      const int32_t value = wide ? read<int16_t>(model, tensor.offset, i) : read<int8_t>(model, tensor.offset, i);
      out.weights.sums[r] += value;
      out.weights.hi[i] = static_cast<int16_t>(wide ? value >> 8 : value);
      if (wide) out.weights.lo[i] = static_cast<int16_t>(value & 255);
    }
    out.row_scales.push_back(finite(read<float>(model, tensor.scales_offset, r)));
  }
}

void constant(const Model &model, const Tensor &tensor, Prepared &out) {
  if (tensor.dtype == Dtype::S32) {
    out.bias.resize(tensor.elements);
    std::memcpy(out.bias.data(), model.file.data() + tensor.offset, tensor.bytes);
    return;
  }
  out.constant.resize(tensor.elements);
  for (size_t i = 0; i < tensor.elements; i++) {
    if (tensor.dtype == Dtype::F32) {
      out.constant[i] = finite(read<float>(model, tensor.offset, i));
    } else {
      const int32_t value = tensor.dtype == Dtype::U8 ? read<uint8_t>(model, tensor.offset, i)
                                                      : read<uint16_t>(model, tensor.offset, i);
      out.constant[i] = static_cast<double>(value - tensor.zero_point) * static_cast<double>(tensor.scale);
    }
  }
}

void table(const Model &model, Node &node) {
  const Tensor &in = model.tensors[node.inputs[0]];
  const Tensor &out = model.tensors[node.output];
  node.table.resize(static_cast<size_t>(in.highest()) + 1);
  for (int32_t i = 0; i <= in.highest(); i++) {
    const double x = static_cast<double>(i - in.zero_point) * static_cast<double>(in.scale);
    node.table[static_cast<size_t>(i)] =
        stored(activation_of(node.number, x) / static_cast<double>(out.scale), out.zero_point, out.highest());
  }
}

}  // namespace

void prepare_program(Model &model) {
  model.prepared.resize(model.tensors.size());
  for (const Node &node : model.nodes) {
    for (uint32_t input : node.inputs) {
      if (input == kNone) continue;
      const Tensor &tensor = model.tensors[input];
      Prepared &prepared = model.prepared[input];
      const bool done = !prepared.weights.hi.empty() || !prepared.bias.empty() || !prepared.constant.empty();
      if (done) continue;
      if (tensor.role == Role::Weights) weights(model, tensor, prepared);
      if (tensor.role == Role::Constant) constant(model, tensor, prepared);
    }
  }
  int tables = 0;
  for (Node &node : model.nodes) {
    if (node.operation != Operation::Activation) continue;
    const Tensor &in = model.tensors[node.inputs[0]];
    if (in.elements * 2 >= static_cast<size_t>(in.highest()) && tables++ < kMostTables) table(model, node);
  }
}

}  // namespace cleave_sim

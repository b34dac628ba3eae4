#include "sim_program.h"

#include <cmath>
#include <cstring>

#include "cleave_hat.h"
#include "sim_arithmetic.h"

namespace cleave_sim {
namespace {

/** exp of anything below is 0 in double. */
constexpr double kUnderflow = -746;

class Frame {
 public:
  Frame(const Model &model, Scratch &scratch) : model_(model), s_(scratch) {
    s_.slots.resize(model.slots.size());
    for (size_t i = 0; i < model.slots.size(); i++) s_.slots[i].resize(model.slots[i]);
  }

  uint16_t *values(uint32_t tensor) { return s_.slots[model_.tensors[tensor].slot].data(); }

  void compute(const Node &node) {
    switch (node.operation) {
      case Operation::Linear:
        return linear(node);
      case Operation::Scores:
        return scores(node);
      case Operation::Softmax:
        return softmax(node);
      case Operation::Mix:
        return mix(node);
      case Operation::RmsNorm:
      case Operation::LayerNorm:
        return norm(node);
      case Operation::Add:
      case Operation::Multiply:
        return pairwise(node);
      case Operation::Activation:
        return activation(node);
    }
  }

 private:
  const Tensor &of(uint32_t tensor) const { return model_.tensors[tensor]; }
  static double scale(const Tensor &tensor) { return static_cast<double>(tensor.scale); }

  /** u16 does not fit an int16: it is moved down by this, u8 by nothing. */
  static int32_t shift(const Tensor &tensor) { return tensor.dtype == Dtype::U16 ? 32768 : 0; }
  static int64_t offset(const Tensor &tensor) { return shift(tensor) - tensor.zero_point; }

  void load_left(const uint16_t *from, size_t elements, int32_t down) {
    s_.left.resize(elements);
    for (size_t i = 0; i < elements; i++) s_.left[i] = static_cast<int16_t>(from[i] - down);
  }

  /** Sums of [rows, n] pieces that lie `stride` apart. */
  static void sum_rows(const int16_t *p, size_t rows, size_t n, size_t stride, std::vector<int64_t> &sums) {
    sums.assign(rows, 0);
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = 0; i < n; i++) sums[r] += p[r * stride + i];
    }
  }

  void split(size_t index, int32_t value) {
    s_.hi[index] = static_cast<int16_t>(value >> 8);
    s_.lo[index] = static_cast<int16_t>(value & 255);
  }

  void sum_right(size_t rows, size_t n, size_t stride, size_t from) {
    s_.right_sums.assign(rows, 0);
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = from + r * stride; i < from + r * stride + n; i++) {
        s_.right_sums[r] += s_.hi[i] * 256 + s_.lo[i];
      }
    }
  }

  void linear(const Node &node) {
    const Tensor &x = of(node.inputs[0]);
    const Tensor &w = of(node.inputs[1]);
    const Tensor &out = of(node.output);
    const Prepared &prepared = model_.prepared[node.inputs[1]];
    const int32_t *bias = node.inputs[2] == kNone ? nullptr : model_.prepared[node.inputs[2]].bias.data();
    const size_t rows = x.sizes[0];
    const size_t in = x.sizes[1];
    const size_t columns = w.sizes[0];
    load_left(values(node.inputs[0]), x.elements, shift(x));
    sum_rows(s_.left.data(), rows, in, in, s_.left_sums);
    const Left a = {s_.left.data(), in, s_.left_sums.data(), offset(x)};
    const Planes &planes = prepared.weights;
    const Right b = {planes.hi.data(), planes.lo.empty() ? nullptr : planes.lo.data(), in, planes.sums.data(), 0};
    uint16_t *to = values(node.output);
    multiply(a, rows, b, columns, in, [&](size_t r, size_t c, int64_t sum) {
      const double factor = scale(x) * prepared.row_scales[c] / scale(out);
      if (bias != nullptr) sum += bias[c];
      to[r * columns + c] = stored(static_cast<double>(sum) * factor, out.zero_point, out.highest());
    });
  }

  void scores(const Node &node) {
    const Tensor &q = of(node.inputs[0]);
    const Tensor &k = of(node.inputs[1]);
    const Tensor &out = of(node.output);
    const size_t length = q.sizes[0];
    const size_t width = q.sizes[1];
    const size_t each = width / node.number;
    load_left(values(node.inputs[0]), q.elements, shift(q));
    s_.hi.resize(k.elements);
    s_.lo.resize(k.elements);
    const uint16_t *keys = values(node.inputs[1]);
    for (size_t i = 0; i < k.elements; i++) split(i, keys[i] - shift(k));
    const double factor = scale(q) * scale(k) * static_cast<double>(node.factor) / scale(out);
    for (size_t h = 0; h < node.number; h++) {
      const size_t from = h * each;
      sum_rows(s_.left.data() + from, length, each, width, s_.left_sums);
      sum_right(length, each, width, from);
      const Left a = {s_.left.data() + from, width, s_.left_sums.data(), offset(q)};
      const Right b = {s_.hi.data() + from, s_.lo.data() + from, width, s_.right_sums.data(), offset(k)};
      uint16_t *to = values(node.output) + h * length * length;
      multiply(a, length, b, length, each, [&](size_t r, size_t c, int64_t sum) {
        to[r * length + c] = stored(static_cast<double>(sum) * factor, out.zero_point, out.highest());
      });
    }
  }

  void mix(const Node &node) {
    const Tensor &w = of(node.inputs[0]);
    const Tensor &v = of(node.inputs[1]);
    const Tensor &out = of(node.output);
    const size_t heads = w.sizes[0];
    const size_t length = v.sizes[0];
    const size_t width = v.sizes[1];
    const size_t each = width / heads;
    load_left(values(node.inputs[0]), w.elements, shift(w));
    // Turned, [width, length], so that both sides of the product lie along the positions.
    s_.hi.resize(v.elements);
    s_.lo.resize(v.elements);
    const uint16_t *from = values(node.inputs[1]);
    for (size_t p = 0; p < length; p++) {
      for (size_t f = 0; f < width; f++) split(f * length + p, from[p * width + f] - shift(v));
    }
    sum_rows(s_.left.data(), heads * length, length, length, s_.left_sums);
    sum_right(width, length, length, 0);
    const double factor = scale(w) * scale(v) / scale(out);
    uint16_t *to = values(node.output);
    for (size_t h = 0; h < heads; h++) {
      const size_t row = h * length;
      const size_t column = h * each;
      const Left a = {s_.left.data() + row * length, length, s_.left_sums.data() + row, offset(w)};
      const Right b = {s_.hi.data() + column * length, s_.lo.data() + column * length, length,
                       s_.right_sums.data() + column, offset(v)};
      multiply(a, length, b, each, length, [&](size_t r, size_t c, int64_t sum) {
        to[r * width + column + c] = stored(static_cast<double>(sum) * factor, out.zero_point, out.highest());
      });
    }
  }

  void softmax(const Node &node) {
    const Tensor &in = of(node.inputs[0]);
    const Tensor &out = of(node.output);
    const double *bias = node.inputs[1] == kNone ? nullptr : model_.prepared[node.inputs[1]].constant.data();
    const Tensor *mask = node.inputs[2] == kNone ? nullptr : &of(node.inputs[2]);
    const uint16_t *hidden = mask == nullptr ? nullptr : values(node.inputs[2]);
    const size_t length = in.sizes[2];
    const uint16_t *from = values(node.inputs[0]);
    uint16_t *to = values(node.output);
    s_.row.resize(length);
    for (size_t r = 0; r < in.elements; r += length) {
      double highest = -INFINITY;
      for (size_t i = 0; i < length; i++) {
        double x = real(in, from[r + i]);
        if (bias != nullptr) x += bias[r + i];
        if (mask != nullptr) x += real(*mask, hidden[i]);
        s_.row[i] = x;
        highest = x > highest ? x : highest;
      }
      double sum = 0;
      for (size_t i = 0; i < length; i++) {
        // What is masked is 0 either way; exp takes ten times as long to say so.
        s_.row[i] = s_.row[i] - highest < kUnderflow ? 0 : std::exp(s_.row[i] - highest);
        sum += s_.row[i];
      }
      for (size_t i = 0; i < length; i++) to[r + i] = real_to(out, s_.row[i] / sum);
    }
  }

  void norm(const Node &node) {
    const Tensor &x = of(node.inputs[0]);
    const Tensor &out = of(node.output);
    const bool layer = node.operation == Operation::LayerNorm;
    const double *gamma = model_.prepared[node.inputs[1]].constant.data();
    const double *beta = layer ? model_.prepared[node.inputs[2]].constant.data() : nullptr;
    const size_t width = x.sizes[1];
    const double count = static_cast<double>(width);
    const uint16_t *from = values(node.inputs[0]);
    uint16_t *to = values(node.output);
    s_.row.resize(width);
    for (size_t r = 0; r < x.elements; r += width) {
      double mean = 0;
      for (size_t i = 0; i < width; i++) {
        s_.row[i] = real(x, from[r + i]);
        mean += s_.row[i];
      }
      mean = layer ? mean / count : 0;
      double squares = 0;
      for (size_t i = 0; i < width; i++) squares += (s_.row[i] - mean) * (s_.row[i] - mean);
      const double root = std::sqrt(squares / count + static_cast<double>(node.factor));
      for (size_t i = 0; i < width; i++) {
        const double y = root == 0 ? 0 : (s_.row[i] - mean) / root * gamma[i];
        to[r + i] = real_to(out, beta == nullptr ? y : y + beta[i]);
      }
    }
  }

  void pairwise(const Node &node) {
    const Tensor &x = of(node.inputs[0]);
    const Tensor &y = of(node.inputs[1]);
    const Tensor &out = of(node.output);
    const bool add = node.operation == Operation::Add;
    const double *constant = y.role == Role::Constant ? model_.prepared[node.inputs[1]].constant.data() : nullptr;
    const uint16_t *other = constant == nullptr ? values(node.inputs[1]) : nullptr;
    const uint16_t *from = values(node.inputs[0]);
    uint16_t *to = values(node.output);
    for (size_t i = 0; i < x.elements; i++) {
      const double a = real(x, from[i]);
      const double b = constant == nullptr ? real(y, other[i]) : constant[i];
      to[i] = real_to(out, add ? a + b : a * b);
    }
  }

  void activation(const Node &node) {
    const Tensor &x = of(node.inputs[0]);
    const Tensor &out = of(node.output);
    const uint16_t *from = values(node.inputs[0]);
    uint16_t *to = values(node.output);
    if (!node.table.empty()) {
      for (size_t i = 0; i < x.elements; i++) to[i] = node.table[from[i]];
    } else {
      for (size_t i = 0; i < x.elements; i++) to[i] = real_to(out, activation_of(node.number, real(x, from[i])));
    }
  }

  static double real(const Tensor &tensor, uint16_t value) {
    return static_cast<double>(value - tensor.zero_point) * scale(tensor);
  }

  static uint16_t real_to(const Tensor &tensor, double value) {
    return stored(value / scale(tensor), tensor.zero_point, tensor.highest());
  }

  const Model &model_;
  Scratch &s_;
};

std::vector<std::vector<uint8_t>> look_up(const Model &model, const std::vector<std::vector<uint8_t>> &inputs) {
  Sha256 hash;
  for (const std::vector<uint8_t> &input : inputs) hash.update(input.data(), input.size());
  const Digest digest = hash.finish();
  for (const Recorded &frame : model.frames) {
    if (frame.inputs != digest) continue;
    std::vector<std::vector<uint8_t>> outputs;
    const uint8_t *from = model.file.data() + frame.offset;
    for (const Edge &edge : model.edges) {
      if (edge.input) continue;
      outputs.emplace_back(from, from + model.edge_bytes(edge));
      from += model.edge_bytes(edge);
    }
    return outputs;
  }
  throw Refused{CLEAVE_HAT_INTERNAL_FAILURE};
}

}  // namespace

std::vector<std::vector<uint8_t>> compute(
    const Model &model, Scratch &scratch, const std::vector<std::vector<uint8_t>> &inputs) {
  if (model.recorded) return look_up(model, inputs);
  Frame frame(model, scratch);
  size_t next = 0;
  std::vector<std::vector<uint8_t>> outputs;
  for (const Edge &edge : model.edges) {
    if (!edge.input) continue;
    const std::vector<uint8_t> &bytes = inputs[next++];
    uint16_t *to = frame.values(edge.tensor);
    const size_t elements = model.of(edge).elements;
    if (model.of(edge).dtype == Dtype::U16) {
      std::memcpy(to, bytes.data(), bytes.size());
    } else {
      for (size_t i = 0; i < elements; i++) to[i] = bytes[i];
    }
  }
  for (const Node &node : model.nodes) frame.compute(node);
  for (const Edge &edge : model.edges) {
    if (edge.input) continue;
    std::vector<uint8_t> &bytes = outputs.emplace_back(model.edge_bytes(edge));
    const uint16_t *from = frame.values(edge.tensor);
    if (model.of(edge).dtype == Dtype::U16) {
      std::memcpy(bytes.data(), from, bytes.size());
    } else {
      for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(from[i]);
    }
  }
  return outputs;
}

}  // namespace cleave_sim

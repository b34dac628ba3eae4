/* SIMULATED-MODEL.md's arithmetic, written down a second time: one number after the other, nothing blocked or packed. */
#include <cmath>

#include "model_file.h"

namespace {

double function_of(uint32_t kind, double x) {
  if (kind == 1) return x > 0 ? x : 0;
  if (kind == 2) return 0.5 * x * (1 + std::erf(x * 0.70710678118654752440));
  if (kind == 3) return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
  return x / (1 + std::exp(-x));
}

}  // namespace

void ModelFile::compute(const Node &node, std::vector<Tensor> &tensors) {
  Tensor &out = tensors[node.output];
  out.values.assign(out.elements(), 0);
  const auto at = [&](int i) -> const Tensor & { return tensors[node.inputs[i]]; };
  const auto has = [&](int i) { return node.inputs[i] != kNothing; };
  const auto integer = [](const Tensor &t, size_t i) {
    return static_cast<int64_t>(t.values[i]) - (t.role == 1 ? 0 : t.zero_point);
  };
  const auto real = [&](const Tensor &t, size_t i) {
    return t.dtype == F32 ? t.values[i] : static_cast<double>(integer(t, i)) * static_cast<double>(t.scale);
  };
  const auto store = [&](size_t i, double units) {
    const double rounded = std::nearbyint(units) + out.zero_point;
    out.values[i] = rounded < 0 ? 0 : rounded > out.highest() ? out.highest() : rounded;
  };
  const auto store_real = [&](size_t i, double value) { store(i, value / static_cast<double>(out.scale)); };
  const double so = static_cast<double>(out.scale);

  const Tensor &x = at(0);
  const double sx = static_cast<double>(x.scale);
  const size_t last = x.sizes.back();
  switch (node.operation) {
    case LINEAR:
      for (size_t l = 0; l < x.sizes[0]; l++) {
        for (size_t o = 0; o < at(1).sizes[0]; o++) {
          int64_t sum = has(2) ? static_cast<int64_t>(at(2).values[o]) : 0;
          for (size_t i = 0; i < last; i++) sum += integer(x, l * last + i) * integer(at(1), o * last + i);
          const double factor = sx * static_cast<double>(at(1).scales[o]) / so;
          store(l * out.sizes[1] + o, static_cast<double>(sum) * factor);
        }
      }
      break;
    case SCORES: {
      const size_t length = x.sizes[0];
      const size_t each = last / node.number;
      const double factor = sx * static_cast<double>(at(1).scale) * static_cast<double>(node.factor) / so;
      for (size_t h = 0; h < node.number; h++) {
        for (size_t r = 0; r < length; r++) {
          for (size_t c = 0; c < length; c++) {
            int64_t sum = 0;
            for (size_t e = h * each; e < (h + 1) * each; e++) {
              sum += integer(x, r * last + e) * integer(at(1), c * last + e);
            }
            store((h * length + r) * length + c, static_cast<double>(sum) * factor);
          }
        }
      }
      break;
    }
    case MIX: {
      const size_t length = last;
      const size_t width = at(1).sizes[1];
      const double factor = sx * static_cast<double>(at(1).scale) / so;
      for (size_t l = 0; l < length; l++) {
        for (size_t f = 0; f < width; f++) {
          const size_t h = f / (width / x.sizes[0]);
          int64_t sum = 0;
          for (size_t p = 0; p < length; p++) {
            sum += integer(x, (h * length + l) * length + p) * integer(at(1), p * width + f);
          }
          store(l * width + f, static_cast<double>(sum) * factor);
        }
      }
      break;
    }
    case SOFTMAX:
      for (size_t r = 0; r < x.elements(); r += last) {
        std::vector<double> row(last);
        double highest = -INFINITY;
        for (size_t i = 0; i < last; i++) {
          row[i] = real(x, r + i);
          if (has(1)) row[i] += real(at(1), r + i);
          if (has(2)) row[i] += real(at(2), i);
          highest = std::fmax(highest, row[i]);
        }
        double sum = 0;
        for (double &value : row) sum += value = std::exp(value - highest);
        for (size_t i = 0; i < last; i++) store_real(r + i, row[i] / sum);
      }
      break;
    case RMS_NORM:
    case LAYER_NORM:
      for (size_t r = 0; r < x.elements(); r += last) {
        double mean = 0;
        for (size_t i = 0; i < last; i++) mean += real(x, r + i);
        mean = node.operation == LAYER_NORM ? mean / static_cast<double>(last) : 0;
        double squares = 0;
        for (size_t i = 0; i < last; i++) squares += (real(x, r + i) - mean) * (real(x, r + i) - mean);
        const double root = std::sqrt(squares / static_cast<double>(last) + static_cast<double>(node.factor));
        for (size_t i = 0; i < last; i++) {
          const double y = root == 0 ? 0 : (real(x, r + i) - mean) / root * at(1).values[i];
          store_real(r + i, node.operation == LAYER_NORM ? y + at(2).values[i] : y);
        }
      }
      break;
    case ADD:
      for (size_t i = 0; i < x.elements(); i++) store_real(i, real(x, i) + real(at(1), i));
      break;
    case MULTIPLY:
      for (size_t i = 0; i < x.elements(); i++) store_real(i, real(x, i) * real(at(1), i));
      break;
    default:
      for (size_t i = 0; i < x.elements(); i++) store_real(i, function_of(node.number, real(x, i)));
      break;
  }
}

std::vector<uint8_t> ModelFile::expected(const std::vector<std::vector<uint8_t>> &inputs) const {
  std::vector<Tensor> tensors = tensors_;
  size_t next = 0;
  for (const Edge &edge : edges_) {
    if (edge.direction != 0) continue;
    Tensor &tensor = tensors[edge.tensor];
    const std::vector<uint8_t> &bytes = inputs[next++];
    for (size_t i = 0; i < tensor.elements(); i++) {
      tensor.values.push_back(tensor.dtype == U8 ? bytes[i] : bytes[2 * i] + 256 * bytes[2 * i + 1]);
    }
  }
  for (const Node &node : nodes_) compute(node, tensors);
  std::vector<uint8_t> out;
  for (const Edge &edge : edges_) {
    if (edge.direction == 0) continue;
    for (double value : tensors[edge.tensor].values) {
      const uint32_t integer = static_cast<uint32_t>(value);
      out.push_back(static_cast<uint8_t>(integer));
      if (tensors[edge.tensor].dtype == U16) out.push_back(static_cast<uint8_t>(integer >> 8));
    }
  }
  return out;
}

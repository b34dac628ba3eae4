#include "model_file.h"

#include <cstring>

#include "sim_sha256.h"

namespace {

template <typename T>
void put(std::vector<uint8_t> &out, T value) {
  const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

void zeros(std::vector<uint8_t> &out, size_t bytes) { out.insert(out.end(), bytes, 0); }

size_t width(uint32_t dtype) { return dtype == U8 || dtype == S8 ? 1 : dtype == U16 || dtype == S16 ? 2 : 4; }

void put_value(std::vector<uint8_t> &out, uint32_t dtype, double value) {
  switch (dtype) {
    case U8:
      return put(out, static_cast<uint8_t>(value));
    case S8:
      return put(out, static_cast<int8_t>(value));
    case U16:
      return put(out, static_cast<uint16_t>(value));
    case S16:
      return put(out, static_cast<int16_t>(value));
    case S32:
      return put(out, static_cast<int32_t>(value));
    default:
      return put(out, static_cast<float>(value));
  }
}

}  // namespace

uint32_t ModelFile::add(Tensor tensor) {
  tensors_.push_back(std::move(tensor));
  return static_cast<uint32_t>(tensors_.size() - 1);
}

uint32_t ModelFile::activation(
    uint32_t dtype, std::initializer_list<uint32_t> sizes, float scale, int32_t zero_point) {
  return add({0, dtype, sizes, scale, zero_point, {}, {}});
}

uint32_t ModelFile::weights(uint32_t dtype, uint32_t rows, uint32_t columns, const std::vector<int32_t> &values,
                            const std::vector<float> &scales) {
  return add({1, dtype, {rows, columns}, 0, 0, {values.begin(), values.end()}, scales});
}

uint32_t ModelFile::floats(std::initializer_list<uint32_t> sizes, const std::vector<float> &values) {
  return add({2, F32, sizes, 0, 0, {values.begin(), values.end()}, {}});
}

uint32_t ModelFile::constant(uint32_t dtype, std::initializer_list<uint32_t> sizes, float scale, int32_t zero_point,
                             const std::vector<int32_t> &values) {
  return add({2, dtype, sizes, scale, zero_point, {values.begin(), values.end()}, {}});
}

void ModelFile::edge(const std::string &name, uint32_t direction, uint32_t tensor) {
  edges_.push_back({name, direction, tensor});
}

void ModelFile::node(uint32_t operation, uint32_t output, std::initializer_list<uint32_t> inputs, uint32_t number,
                     float factor) {
  Node node = {operation, output, {kNothing, kNothing, kNothing, kNothing}, number, factor};
  size_t i = 0;
  for (uint32_t input : inputs) node.inputs[i++] = input;
  nodes_.push_back(node);
}

void ModelFile::frame(const std::vector<std::vector<uint8_t>> &inputs, const std::vector<uint8_t> &outputs) {
  Frame frame;
  for (const auto &input : inputs) frame.inputs.insert(frame.inputs.end(), input.begin(), input.end());
  frame.outputs = outputs;
  frames_.push_back(frame);
}

std::vector<uint8_t> ModelFile::file(uint32_t release) const {
  const bool table = !frames_.empty();
  const size_t parts = table ? frames_.size() : nodes_.size();
  const uint64_t base = 96 + edges_.size() * 144 + tensors_.size() * 80 + parts * 64;
  std::vector<uint8_t> out = {'C', 'L', 'V', 'H', 'E', 'F', 0, 1};
  std::vector<uint8_t> data;
  put<uint32_t>(out, 1);
  put<uint32_t>(out, release);
  put<uint64_t>(out, 0);
  put<uint32_t>(out, table ? 2 : 1);
  put(out, static_cast<uint32_t>(tensors_.size()));
  put(out, static_cast<uint32_t>(parts));
  put(out, static_cast<uint32_t>(edges_.size()));
  zeros(out, 24 + 32);
  for (const Edge &edge : edges_) {
    out.insert(out.end(), edge.name.begin(), edge.name.end());
    zeros(out, 128 - edge.name.size());
    put(out, edge.direction);
    put(out, edge.tensor);
    zeros(out, 8);
  }
  for (const Tensor &tensor : tensors_) {
    put(out, tensor.role);
    put(out, tensor.dtype);
    put(out, static_cast<uint32_t>(tensor.sizes.size()));
    for (size_t i = 0; i < 3; i++) put<uint32_t>(out, i < tensor.sizes.size() ? tensor.sizes[i] : 0);
    put(out, tensor.scale);
    put(out, tensor.zero_point);
    const bool stored = tensor.role != 0;
    put<uint64_t>(out, stored ? base + data.size() : 0);
    put<uint64_t>(out, stored ? tensor.elements() * width(tensor.dtype) : 0);
    for (double value : tensor.values) put_value(data, tensor.dtype, value);
    put<uint64_t>(out, tensor.scales.empty() ? 0 : base + data.size());
    put<uint64_t>(out, tensor.scales.size() * 4);
    for (float scale : tensor.scales) put(data, scale);
    zeros(out, 16);
  }
  for (const Node &node : nodes_) {
    if (table) break;
    put(out, node.operation);
    put(out, node.output);
    for (uint32_t input : node.inputs) put(out, input);
    put(out, node.number);
    put(out, node.factor);
    zeros(out, 32);
  }
  for (const Frame &frame : frames_) {
    const auto digest = cleave_sim::sha256(frame.inputs.data(), frame.inputs.size());
    out.insert(out.end(), digest.begin(), digest.end());
    put<uint64_t>(out, base + data.size());
    put<uint64_t>(out, frame.outputs.size());
    zeros(out, 16);
    data.insert(data.end(), frame.outputs.begin(), frame.outputs.end());
  }
  out.insert(out.end(), data.begin(), data.end());
  seal(out);
  return out;
}

size_t ModelFile::Tensor::elements() const {
  size_t elements = 1;
  for (uint32_t size : sizes) elements *= size;
  return elements;
}

void seal(std::vector<uint8_t> &file) {
  const uint64_t bytes = file.size();
  std::memcpy(file.data() + 16, &bytes, sizeof(bytes));
  const auto digest = cleave_sim::sha256(file.data() + 96, file.size() - 96);
  std::memcpy(file.data() + 64, digest.data(), digest.size());
}

uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

float Random::real(float low, float high) {
  const double share = static_cast<double>(next() >> 11) / 9007199254740992.0;
  return static_cast<float>(low + share * (high - low));
}

#include "sim_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "cleave_hat.h"

namespace cleave_sim {
namespace {

const uint8_t kMagic[8] = {'C', 'L', 'V', 'H', 'E', 'F', 0, 1};
constexpr size_t kHeaderBytes = 96;
constexpr size_t kEdgeBytes = 144;
constexpr size_t kTensorBytes = 80;
constexpr size_t kNodeBytes = 64;
constexpr size_t kFrameBytes = 64;
constexpr size_t kNameBytes = 128;
constexpr uint32_t kMostEdges = 64;
constexpr uint32_t kMostParts = 65536;

[[noreturn]] void corrupted() { throw Refused{CLEAVE_HAT_HEF_FILE_CORRUPTED}; }

void require(bool condition) {
  if (!condition) corrupted();
}

/** Reads fields of a place whose whole size was checked. */
class Fields {
 public:
  Fields(const std::vector<uint8_t> &file, size_t at, size_t bytes) : file_(file), at_(at), end_(at + bytes) {
    require(end_ <= file.size() && at <= end_);
  }

  template <typename T>
  T next() {
    require(end_ - at_ >= sizeof(T));
    T value;
    std::memcpy(&value, file_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  const uint8_t *take(size_t bytes) {
    require(end_ - at_ >= bytes);
    const uint8_t *here = file_.data() + at_;
    at_ += bytes;
    return here;
  }

  void zeros(size_t bytes) {
    const uint8_t *here = take(bytes);
    require(std::all_of(here, here + bytes, [](uint8_t b) { return b == 0; }));
  }

 private:
  const std::vector<uint8_t> &file_;
  size_t at_;
  size_t end_;
};

bool inside(const Model &model, uint64_t offset, uint64_t bytes) {
  return offset >= kHeaderBytes && offset <= model.file.size() && bytes <= model.file.size() - offset;
}

struct Header {
  uint32_t tensors;
  uint32_t parts;
  uint32_t edges;
};

Header read_header(Model &model, uint32_t release) {
  const std::vector<uint8_t> &file = model.file;
  if (file.empty()) throw Refused{CLEAVE_HAT_FILE_OPERATION_FAILURE};
  if (std::memcmp(file.data(), kMagic, std::min(sizeof(kMagic), file.size())) != 0) {
    throw Refused{CLEAVE_HAT_HEF_NOT_SUPPORTED};
  }
  require(file.size() >= kHeaderBytes);
  Fields in(file, sizeof(kMagic), kHeaderBytes - sizeof(kMagic));
  if (in.next<uint32_t>() != 1) throw Refused{CLEAVE_HAT_HEF_NOT_SUPPORTED};
  const uint32_t wanted = in.next<uint32_t>();
  require(in.next<uint64_t>() == file.size());
  const uint32_t kind = in.next<uint32_t>();
  Header header = {};
  header.tensors = in.next<uint32_t>();
  header.parts = in.next<uint32_t>();
  header.edges = in.next<uint32_t>();
  in.zeros(24);
  const uint8_t *digest = in.take(32);
  const Digest real = sha256(file.data() + kHeaderBytes, file.size() - kHeaderBytes);
  require(std::memcmp(digest, real.data(), real.size()) == 0);
  if (wanted != release) throw Refused{CLEAVE_HAT_INVALID_HEF};
  require(kind == 1 || kind == 2);
  model.recorded = kind == 2;
  require(header.edges >= 2 && header.edges <= kMostEdges);
  require(header.tensors >= 1 && header.tensors <= kMostParts && header.parts <= kMostParts);
  // Counts were bounded above, so that this cannot overflow; what they promise must be there before anything is made.
  require(kHeaderBytes + header.edges * kEdgeBytes + header.tensors * kTensorBytes +
              header.parts * (model.recorded ? kFrameBytes : kNodeBytes) <=
          file.size());
  return header;
}

Edge read_edge(Fields in) {
  Edge edge;
  const char *name = reinterpret_cast<const char *>(in.take(kNameBytes));
  const size_t length = strnlen(name, kNameBytes);
  require(length > 0 && length < kNameBytes);
  edge.name.assign(name, length);
  const uint32_t direction = in.next<uint32_t>();
  require(direction <= 1);
  edge.input = direction == CLEAVE_HAT_INPUT;
  edge.tensor = in.next<uint32_t>();
  in.zeros(8);
  return edge;
}

Tensor read_tensor(const Model &model, Fields in) {
  Tensor tensor = {};
  const uint32_t role = in.next<uint32_t>();
  const uint32_t dtype = in.next<uint32_t>();
  require(role <= 2 && dtype >= 1 && dtype <= 6);
  tensor.role = static_cast<Role>(role);
  tensor.dtype = static_cast<Dtype>(dtype);
  tensor.rank = in.next<uint32_t>();
  require(tensor.rank >= 1 && tensor.rank <= 3);
  uint64_t elements = 1;
  for (uint32_t i = 0; i < 3; i++) {
    tensor.sizes[i] = in.next<uint32_t>();
    require(i < tensor.rank ? tensor.sizes[i] > 0 : tensor.sizes[i] == 0);
    if (i < tensor.rank) elements *= tensor.sizes[i];
    require(elements <= CLEAVE_HAT_MAX_TRANSFER_BYTES);
  }
  tensor.elements = elements;
  tensor.scale = in.next<float>();
  tensor.zero_point = in.next<int32_t>();
  tensor.offset = in.next<uint64_t>();
  tensor.bytes = in.next<uint64_t>();
  tensor.scales_offset = in.next<uint64_t>();
  tensor.scales_bytes = in.next<uint64_t>();
  in.zeros(16);

  const bool quantised = tensor.dtype == Dtype::U8 || tensor.dtype == Dtype::U16;
  if (quantised) {
    require(std::isfinite(tensor.scale) && tensor.scale > 0);
    require(tensor.zero_point >= 0 && tensor.zero_point <= tensor.highest());
  }
  if (tensor.role == Role::Activation) {
    require(quantised && tensor.offset == 0 && tensor.bytes == 0);
    require(elements * bytes_of(tensor.dtype) <= CLEAVE_HAT_MAX_TRANSFER_BYTES);
  } else {
    require(tensor.bytes == elements * bytes_of(tensor.dtype) && inside(model, tensor.offset, tensor.bytes));
  }
  if (tensor.role == Role::Weights) {
    require(tensor.rank == 2 && (tensor.dtype == Dtype::S8 || tensor.dtype == Dtype::S16));
    require(tensor.scales_bytes == tensor.sizes[0] * sizeof(float));
    require(inside(model, tensor.scales_offset, tensor.scales_bytes));
  } else {
    require(tensor.scales_offset == 0 && tensor.scales_bytes == 0);
    require(tensor.role == Role::Activation || quantised || tensor.dtype == Dtype::F32 || tensor.dtype == Dtype::S32);
  }
  return tensor;
}

Node read_node(Fields in) {
  Node node = {};
  const uint32_t operation = in.next<uint32_t>();
  require(operation >= 1 && operation <= 9);
  node.operation = static_cast<Operation>(operation);
  node.output = in.next<uint32_t>();
  for (uint32_t &input : node.inputs) input = in.next<uint32_t>();
  node.number = in.next<uint32_t>();
  node.factor = in.next<float>();
  require(std::isfinite(node.factor));
  in.zeros(32);
  return node;
}

void check_edges(const Model &model) {
  std::set<std::string> names;
  std::set<uint32_t> tensors;
  bool outputs = false;
  for (const Edge &edge : model.edges) {
    require(edge.tensor < model.tensors.size());
    require(names.insert(edge.name).second && tensors.insert(edge.tensor).second);
    require(!(edge.input && outputs));
    outputs = outputs || !edge.input;
    const Tensor &tensor = model.of(edge);
    require(tensor.role == Role::Activation && tensor.rank == 2);
    require(model.edge_bytes(edge) % CLEAVE_HAT_TRANSFER_MULTIPLE == 0);
  }
  require(model.edges.front().input && outputs);
}

Recorded read_frame(const Model &model, Fields in) {
  Recorded frame = {};
  std::memcpy(frame.inputs.data(), in.take(32), 32);
  frame.offset = in.next<uint64_t>();
  const uint64_t bytes = in.next<uint64_t>();
  in.zeros(16);
  size_t wanted = 0;
  for (const Edge &edge : model.edges) wanted += edge.input ? 0 : model.edge_bytes(edge);
  require(bytes == wanted && inside(model, frame.offset, bytes));
  return frame;
}

}  // namespace

size_t bytes_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::U8:
    case Dtype::S8:
      return 1;
    case Dtype::U16:
    case Dtype::S16:
      return 2;
    case Dtype::F32:
    case Dtype::S32:
      break;
  }
  return 4;
}

bool Tensor::is(std::initializer_list<uint32_t> wanted) const {
  return rank == wanted.size() && std::equal(wanted.begin(), wanted.end(), sizes);
}

Model read_model(std::vector<uint8_t> file, uint32_t release) {
  Model model;
  model.file = std::move(file);
  const Header header = read_header(model, release);
  size_t at = kHeaderBytes;
  for (uint32_t i = 0; i < header.edges; i++, at += kEdgeBytes) {
    model.edges.push_back(read_edge(Fields(model.file, at, kEdgeBytes)));
  }
  for (uint32_t i = 0; i < header.tensors; i++, at += kTensorBytes) {
    model.tensors.push_back(read_tensor(model, Fields(model.file, at, kTensorBytes)));
  }
  check_edges(model);
  for (uint32_t i = 0; i < header.parts; i++, at += model.recorded ? kFrameBytes : kNodeBytes) {
    if (model.recorded) {
      model.frames.push_back(read_frame(model, Fields(model.file, at, kFrameBytes)));
    } else {
      model.nodes.push_back(read_node(Fields(model.file, at, kNodeBytes)));
    }
  }
  if (!model.recorded) {
    check_program(model);
    prepare_program(model);
  }
  return model;
}

}  // namespace cleave_sim

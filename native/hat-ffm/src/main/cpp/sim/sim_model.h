/* A model file of the simulator, checked and ready to compute. SIMULATED-MODEL.md has the layout. Immutable once read. */
#ifndef CLEAVE_SIM_MODEL_H
#define CLEAVE_SIM_MODEL_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim_sha256.h"

namespace cleave_sim {

/** Thrown inside the simulator; the ABI's functions return its status. */
struct Refused {
  int32_t status;
};

constexpr uint32_t kNone = 0xFFFFFFFF;

enum class Role : uint32_t { Activation, Weights, Constant };

enum class Dtype : uint32_t { U8 = 1, U16, F32, S8, S16, S32 };

enum class Operation : uint32_t { Linear = 1, Scores, Softmax, Mix, RmsNorm, LayerNorm, Add, Multiply, Activation };

size_t bytes_of(Dtype dtype);

struct Edge {
  std::string name;
  bool input;
  uint32_t tensor;
};

struct Tensor {
  Role role;
  Dtype dtype;
  uint32_t rank;
  uint32_t sizes[3];
  float scale;
  int32_t zero_point;
  uint64_t offset;
  uint64_t bytes;
  uint64_t scales_offset;
  uint64_t scales_bytes;
  size_t elements;
  uint32_t slot = kNone;  // of an activation: where it lives while it is needed

  bool is(std::initializer_list<uint32_t> wanted) const;
  int32_t highest() const { return dtype == Dtype::U8 ? 255 : 65535; }
  uint32_t last() const { return sizes[rank - 1]; }
};

/** Integers as the multiplier takes them: hi * 256 + lo (lo is absent where hi alone holds them), minus an offset. */
struct Planes {
  std::vector<int16_t> hi;
  std::vector<int16_t> lo;
  std::vector<int64_t> sums;  // of each row
};

/** What of a tensor is made ready at loading; empty where it is not of this kind. */
struct Prepared {
  Planes weights;
  std::vector<double> row_scales;
  std::vector<int32_t> bias;
  std::vector<double> constant;
};

struct Node {
  Operation operation;
  uint32_t output;
  uint32_t inputs[4];
  uint32_t number;  // heads, or kind of the activation function
  float factor;     // or epsilon
  std::vector<uint16_t> table;  // of an activation function, or empty: computed each time
};

struct Recorded {
  Digest inputs;
  uint64_t offset;
};

struct Model {
  std::vector<uint8_t> file;
  bool recorded = false;
  std::vector<Edge> edges;
  std::vector<Tensor> tensors;
  std::vector<Prepared> prepared;  // as many as tensors
  std::vector<Node> nodes;
  std::vector<Recorded> frames;
  std::vector<size_t> slots;  // elements of each

  const Tensor &of(const Edge &edge) const { return tensors[edge.tensor]; }
  size_t edge_bytes(const Edge &edge) const { return of(edge).elements * bytes_of(of(edge).dtype); }
};

/** Reads, checks and prepares; throws Refused. */
Model read_model(std::vector<uint8_t> file, uint32_t release);

/** Whether every node's tensors fit its operation; throws Refused where not. Gives activations their slots. */
void check_program(Model &model);

/** Weights, biases, constants and tables, ready to compute with. After check_program. */
void prepare_program(Model &model);

}  // namespace cleave_sim

#endif

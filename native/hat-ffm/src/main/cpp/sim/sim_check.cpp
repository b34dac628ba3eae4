/* Whether the nodes of a program fit their tensors, and where each activation lives while it is needed. */
#include <algorithm>

#include "cleave_hat.h"
#include "sim_model.h"

namespace cleave_sim {
namespace {

/** Elements of all activations that live at once; more than the chip's memory could hold is no model for it. */
constexpr size_t kMostElements = size_t{256} << 20;

void require(bool condition) {
  if (!condition) throw Refused{CLEAVE_HAT_HEF_FILE_CORRUPTED};
}

class Checker {
 public:
  explicit Checker(const Model &model) : model_(model), written_(model.tensors.size(), false) {
    for (const Edge &edge : model.edges) {
      if (edge.input) written_[edge.tensor] = true;
    }
  }

  void check(const Node &node) {
    const Tensor &out = fresh(node.output);
    switch (node.operation) {
      case Operation::Linear:
        linear(node, out);
        break;
      case Operation::Scores:
        scores(node, out);
        break;
      case Operation::Softmax:
        softmax(node, out);
        break;
      case Operation::Mix:
        mix(node, out);
        break;
      case Operation::RmsNorm:
      case Operation::LayerNorm:
        norm(node, out);
        break;
      case Operation::Add:
      case Operation::Multiply:
        require(same(activation(node, 0), out) && same(addend(node, 1), out));
        none(node, 2);
        break;
      case Operation::Activation:
        require(same(activation(node, 0), out) && node.number >= 1 && node.number <= 4);
        none(node, 1);
        break;
    }
    written_[node.output] = true;
  }

  bool written(uint32_t tensor) const { return written_[tensor]; }

 private:
  const Tensor &at(uint32_t index) const {
    require(index < model_.tensors.size());
    return model_.tensors[index];
  }

  const Tensor &fresh(uint32_t index) const {
    const Tensor &tensor = at(index);
    require(tensor.role == Role::Activation && !written_[index]);
    return tensor;
  }

  const Tensor &activation(const Node &node, int i) const {
    const Tensor &tensor = at(node.inputs[i]);
    require(tensor.role == Role::Activation && written_[node.inputs[i]]);
    return tensor;
  }

  const Tensor &constant(const Node &node, int i) const {
    const Tensor &tensor = at(node.inputs[i]);
    require(tensor.role == Role::Constant && tensor.dtype != Dtype::S32);
    return tensor;
  }

  const Tensor &addend(const Node &node, int i) const {
    return at(node.inputs[i]).role == Role::Constant ? constant(node, i) : activation(node, i);
  }

  void none(const Node &node, int from) const {
    for (int i = from; i < 4; i++) require(node.inputs[i] == kNone);
  }

  static bool same(const Tensor &a, const Tensor &b) {
    return a.rank == b.rank && std::equal(a.sizes, a.sizes + 3, b.sizes);
  }

  void linear(const Node &node, const Tensor &out) const {
    const Tensor &x = activation(node, 0);
    const Tensor &w = at(node.inputs[1]);
    require(x.rank == 2 && w.role == Role::Weights && w.sizes[1] == x.sizes[1]);
    require(out.is({x.sizes[0], w.sizes[0]}));
    if (node.inputs[2] != kNone) {
      const Tensor &bias = at(node.inputs[2]);
      require(bias.role == Role::Constant && bias.dtype == Dtype::S32 && bias.is({w.sizes[0]}));
    }
    none(node, 3);
  }

  void scores(const Node &node, const Tensor &out) const {
    const Tensor &q = activation(node, 0);
    const Tensor &k = activation(node, 1);
    require(q.rank == 2 && same(q, k) && node.number > 0 && q.sizes[1] % node.number == 0);
    require(out.is({node.number, q.sizes[0], q.sizes[0]}));
    none(node, 2);
  }

  void softmax(const Node &node, const Tensor &out) const {
    const Tensor &in = activation(node, 0);
    require(in.rank == 3 && same(in, out));
    if (node.inputs[1] != kNone) require(same(constant(node, 1), in));
    if (node.inputs[2] != kNone) require(activation(node, 2).is({1, in.sizes[2]}));
    none(node, 3);
  }

  void mix(const Node &node, const Tensor &out) const {
    const Tensor &weights = activation(node, 0);
    const Tensor &v = activation(node, 1);
    require(weights.rank == 3 && v.rank == 2 && weights.sizes[1] == v.sizes[0] && weights.sizes[2] == v.sizes[0]);
    require(v.sizes[1] % weights.sizes[0] == 0 && same(v, out));
    none(node, 2);
  }

  void norm(const Node &node, const Tensor &out) const {
    const Tensor &x = activation(node, 0);
    require(x.rank == 2 && same(x, out) && node.factor >= 0);
    const bool layer = node.operation == Operation::LayerNorm;
    for (int i = 1; i <= (layer ? 2 : 1); i++) {
      const Tensor &vector = constant(node, i);
      require(vector.dtype == Dtype::F32 && vector.is({x.sizes[1]}));
    }
    none(node, layer ? 3 : 2);
  }

  const Model &model_;
  std::vector<bool> written_;
};

/** Gives every activation a slot, which is used again once nothing reads it any more. */
void place(Model &model) {
  std::vector<size_t> last(model.tensors.size(), 0);
  for (size_t n = 0; n < model.nodes.size(); n++) {
    for (uint32_t input : model.nodes[n].inputs) {
      if (input != kNone) last[input] = n;
    }
  }
  for (const Edge &edge : model.edges) {
    if (!edge.input) last[edge.tensor] = model.nodes.size();
  }
  std::vector<uint32_t> free;
  const auto settle = [&](uint32_t tensor) {
    const size_t elements = model.tensors[tensor].elements;
    const auto fits = [&](uint32_t slot) { return model.slots[slot] == elements; };
    auto found = std::find_if(free.begin(), free.end(), fits);
    if (found == free.end()) {
      model.slots.push_back(elements);
      model.tensors[tensor].slot = static_cast<uint32_t>(model.slots.size() - 1);
    } else {
      model.tensors[tensor].slot = *found;
      *found = free.back();
      free.pop_back();
    }
  };
  for (const Edge &edge : model.edges) {
    if (edge.input) settle(edge.tensor);
  }
  for (size_t n = 0; n < model.nodes.size(); n++) {
    const Node &node = model.nodes[n];
    settle(node.output);
    for (int i = 0; i < 4; i++) {
      const uint32_t input = node.inputs[i];
      const bool again = std::find(node.inputs, node.inputs + i, input) != node.inputs + i;
      if (input == kNone || again || last[input] != n) continue;
      if (model.tensors[input].role == Role::Activation) free.push_back(model.tensors[input].slot);
    }
    // What nothing reads is over as soon as it is written.
    if (last[node.output] <= n && last[node.output] != model.nodes.size()) {
      free.push_back(model.tensors[node.output].slot);
    }
  }
  size_t total = 0;
  for (size_t elements : model.slots) total += elements;
  require(total <= kMostElements);
}

}  // namespace

void check_program(Model &model) {
  Checker checker(model);
  for (const Node &node : model.nodes) checker.check(node);
  for (const Edge &edge : model.edges) require(checker.written(edge.tensor));
  place(model);
}

}  // namespace cleave_sim

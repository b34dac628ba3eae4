/* Makes model files of the simulator for tests, and computes them a second time, in the plainest way there is. */
#ifndef CLEAVE_HAT_MODEL_FILE_H
#define CLEAVE_HAT_MODEL_FILE_H

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

constexpr uint32_t kNothing = 0xFFFFFFFF;

/** Types and operations as SIMULATED-MODEL.md numbers them. */
enum { U8 = 1, U16, F32, S8, S16, S32 };
enum { LINEAR = 1, SCORES, SOFTMAX, MIX, RMS_NORM, LAYER_NORM, ADD, MULTIPLY, ACTIVATION };

class ModelFile {
 public:
  uint32_t activation(uint32_t dtype, std::initializer_list<uint32_t> sizes, float scale, int32_t zero_point);
  uint32_t weights(uint32_t dtype, uint32_t rows, uint32_t columns, const std::vector<int32_t> &values,
                   const std::vector<float> &scales);
  uint32_t floats(std::initializer_list<uint32_t> sizes, const std::vector<float> &values);
  uint32_t constant(uint32_t dtype, std::initializer_list<uint32_t> sizes, float scale, int32_t zero_point,
                    const std::vector<int32_t> &values);
  void edge(const std::string &name, uint32_t direction, uint32_t tensor);
  void node(uint32_t operation, uint32_t output, std::initializer_list<uint32_t> inputs, uint32_t number = 0,
            float factor = 0);
  /** A recorded frame; makes this a table. */
  void frame(const std::vector<std::vector<uint8_t>> &inputs, const std::vector<uint8_t> &outputs);

  std::vector<uint8_t> file(uint32_t release = 5002) const;

  /** The outputs for these inputs, one after the other. */
  std::vector<uint8_t> expected(const std::vector<std::vector<uint8_t>> &inputs) const;

 private:
  struct Tensor {
    uint32_t role;
    uint32_t dtype;
    std::vector<uint32_t> sizes;
    float scale;
    int32_t zero_point;
    std::vector<double> values;  // stored integers, or the floats
    std::vector<float> scales;

    size_t elements() const;
    double highest() const { return dtype == U8 ? 255 : 65535; }
  };
  struct Edge {
    std::string name;
    uint32_t direction;
    uint32_t tensor;
  };
  struct Node {
    uint32_t operation;
    uint32_t output;
    uint32_t inputs[4];
    uint32_t number;
    float factor;
  };
  struct Frame {
    std::vector<uint8_t> inputs;
    std::vector<uint8_t> outputs;
  };

  uint32_t add(Tensor tensor);
  static void compute(const Node &node, std::vector<Tensor> &tensors);

  std::vector<Tensor> tensors_;
  std::vector<Edge> edges_;
  std::vector<Node> nodes_;
  std::vector<Frame> frames_;
};

/** Sets the file's size and checksum to what they are. */
void seal(std::vector<uint8_t> &file);

/** Numbers that are the same everywhere (splitmix64). */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /** 0 to bound - 1. */
  uint64_t below(uint64_t bound) { return next() % bound; }
  int32_t between(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(below(static_cast<uint64_t>(high - low) + 1));
  }
  float real(float low, float high);

 private:
  uint64_t state_;
};

#endif

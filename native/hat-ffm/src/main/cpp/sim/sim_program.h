/* Computes frames of a model with the chip's integer arithmetic. */
#ifndef CLEAVE_SIM_PROGRAM_H
#define CLEAVE_SIM_PROGRAM_H

#include <cstdint>
#include <vector>

#include "sim_model.h"

namespace cleave_sim {

/** Memory for one frame at a time; reused from frame to frame by the one thread that has it. */
class Scratch {
 public:
  std::vector<std::vector<uint16_t>> slots;
  std::vector<int16_t> left;
  std::vector<int16_t> hi;
  std::vector<int16_t> lo;
  std::vector<int64_t> left_sums;
  std::vector<int64_t> right_sums;
  std::vector<double> row;
};

/**
 * One frame.
 * @param inputs stored integers of every input edge, in the order of the edges, as the edge's type has them
 * @return those of every output edge; throws Refused
 */
std::vector<std::vector<uint8_t>> compute(
    const Model &model, Scratch &scratch, const std::vector<std::vector<uint8_t>> &inputs);

}  // namespace cleave_sim

#endif

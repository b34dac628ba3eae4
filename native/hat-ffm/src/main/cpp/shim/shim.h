/* What the files of the shim share: the handles, and how the vendor's results become ours. */
#ifndef CLEAVE_HAT_SHIM_H
#define CLEAVE_HAT_SHIM_H

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cleave_hat.h"
#include "hailo/hailort.hpp"

namespace cleave_shim {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/** What is open in this process. */
struct Counts {
  std::atomic<int64_t> devices{0};
  std::atomic<int64_t> models{0};
  std::atomic<int64_t> sessions{0};
  std::atomic<int64_t> transfers{0};
};

Counts &counts();

/** The vendor's status, where it has two for one thing that callers tell apart, ours. */
int32_t status_of(hailo_status status);

/** An edge of a model, as the vendor describes it. */
struct Edge {
  hailort::InferModel::InferStream stream;
  std::string name;
  bool input;
  hailo_format_type_t native;
  int32_t dtype;
  uint64_t frame_bytes() const { return stream.get_frame_size(); }
};

/** Whole pages. */
class Pages {
 public:
  explicit Pages(uint64_t bytes);
  ~Pages();
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  uint8_t *data() const { return static_cast<uint8_t *>(data_); }

 private:
  void *data_ = nullptr;
};

uint64_t page_bytes();

/** One frame of a transfer at one edge: where the caller has it, and where the chip gets it from or puts it. */
struct Piece {
  size_t edge;
  uint8_t *user;
  uint8_t *chip;
  uint64_t bytes;
};

struct State;

struct Transfer {
  std::vector<std::vector<Piece>> frames;
  std::vector<std::unique_ptr<Pages>> staging;  // of frames that do not begin on a page
  cleave_hat_done done = nullptr;
  void *context = nullptr;
  size_t left = 0;  // frames that were launched and have not ended
  bool launched = false;
  bool abandoned = false;
  bool finished = false;
  int32_t status = CLEAVE_HAT_SUCCESS;
};

using TransferPtr = std::shared_ptr<Transfer>;

/** Of a session; shared with the vendor's callbacks, which may come when the session is gone. */
struct State {
  std::mutex lock;
  std::condition_variable changed;
  std::vector<TransferPtr> pending;
  std::vector<bool> inputs;  // of the edges
  size_t queue = 1;
  bool shut = false;
  bool lost = false;
};

/** Makes a transfer of the caller's buffers, or says what is wrong with them. */
int32_t make_transfer(
    const cleave_hat_model &model, const cleave_hat_buffer *buffers, uint32_t count, TransferPtr &out);

/** Launches every frame of a transfer that has room. Without the lock of the state. */
int32_t launch(cleave_hat_session &session, const TransferPtr &transfer);

template <typename Body>
int32_t guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return CLEAVE_HAT_OUT_OF_HOST_MEMORY;
  } catch (...) {
    return CLEAVE_HAT_INTERNAL_FAILURE;
  }
}

}  // namespace cleave_shim

struct cleave_hat_device {
  std::unique_ptr<hailort::VDevice> vdevice;
  std::mutex lock;  // of models, and telemetry one at a time
  int64_t models = 0;
  std::shared_ptr<std::atomic<int32_t>> throttled = std::make_shared<std::atomic<int32_t>>(-1);
};

struct cleave_hat_model {
  cleave_hat_device *device = nullptr;
  std::unique_ptr<cleave_shim::Pages> file;
  std::shared_ptr<hailort::InferModel> model;
  std::mutex lock;
  std::vector<cleave_shim::Edge> edges;
  uint32_t batch = 1;
  int64_t sessions = 0;
};

struct cleave_hat_session {
  cleave_hat_model *model = nullptr;
  std::unique_ptr<hailort::ConfiguredInferModel> configured;
  std::shared_ptr<cleave_shim::State> state = std::make_shared<cleave_shim::State>();
};

#endif

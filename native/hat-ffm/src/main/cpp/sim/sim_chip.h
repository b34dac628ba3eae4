/*
 * The simulated boards: transfers, the chip's thread of each board, and the one thread that delivers results.
 *
 * Everything here is guarded by the lock of the library, but for the computing itself, which touches nothing but its
 * transfer, and the delivery, which marks its transfer first.
 */
#ifndef CLEAVE_SIM_CHIP_H
#define CLEAVE_SIM_CHIP_H

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cleave_hat.h"
#include "sim_config.h"
#include "sim_model.h"
#include "sim_program.h"

namespace cleave_sim {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Transfer {
  cleave_hat_session *session = nullptr;
  std::vector<uint8_t *> data;  // of every edge, in the order of the model
  cleave_hat_done done = nullptr;
  void *context = nullptr;
  Time launched;
  Time release;                 // it does not end before
  Time last = Time::max();      // nor after, computing apart: its session is being closed
  Time due = Time::max();       // the chip is through with it, and it ends then
  uint64_t number = 0;
  int64_t late_us = 0;          // asynchronous and late: so long after it was due; -1: when its session closes
  int32_t status = CLEAVE_HAT_SUCCESS;
  bool fails = false;
  bool abandoned = false;       // run() has timed out, and nobody waits for it
  bool delivering = false;
  bool finished = false;
  std::vector<std::vector<uint8_t>> results;
};

using TransferPtr = std::shared_ptr<Transfer>;

}  // namespace cleave_sim

struct cleave_hat_device {
  std::string name;
  uint32_t index = 0;
  bool lost = false;
  bool stopping = false;
  int64_t models = 0;
  std::vector<cleave_hat_session *> sessions;
  std::deque<cleave_sim::TransferPtr> queue;
  cleave_sim::Time chip_free;
  cleave_sim::Time in_free;
  cleave_sim::Time out_free;
  cleave_sim::Time measured;      // when telemetry was asked last
  std::chrono::microseconds taken{0};  // of the chip since then
  std::thread chip;
};

struct cleave_hat_model {
  cleave_hat_device *device = nullptr;
  cleave_sim::Model model;
  std::vector<int32_t> formats;  // of every edge
  uint32_t batch = 1;
  int64_t sessions = 0;

  uint64_t frame_bytes(size_t edge) const;
};

struct cleave_hat_session {
  cleave_hat_model *model = nullptr;
  uint32_t queue = 0;
  bool shut = false;
  std::vector<cleave_sim::TransferPtr> pending;
};

namespace cleave_sim {

/** All that there is. Never destroyed: threads of it may outlive main. */
class Library {
 public:
  static Library &get();

  std::mutex lock;
  std::condition_variable changed;
  Faults faults;
  cleave_hat_open_handles open = {};
  std::vector<cleave_hat_device *> devices;

  /** Opening and closing of devices, one at a time: they start and join threads, which need the lock. */
  std::mutex doors;

  void start(cleave_hat_device *device);
  /** Joins the chip's thread, and the delivering one behind the last device. Without the lock. */
  void stop(cleave_hat_device *device);

  void launch(cleave_hat_session *session, const TransferPtr &transfer);

  /** Ends a session's transfers with this status; those that were abandoned only where `all`. Nothing is written. */
  void cut(cleave_hat_session *session, int32_t status, bool all);

  /** The connection of this device is gone. */
  void lose(cleave_hat_device *device);

 private:
  Library() = default;
  void run_chip(cleave_hat_device *device);
  void compute_transfer(cleave_hat_device *device, const TransferPtr &transfer, Scratch &scratch,
                        std::unique_lock<std::mutex> &held);
  void schedule(cleave_hat_device *device, const TransferPtr &transfer);
  void run_delivery();
  void deliver(const TransferPtr &transfer, std::unique_lock<std::mutex> &held);

  std::vector<TransferPtr> outgoing_;
  std::thread delivery_;
  bool delivery_stops_ = false;
  uint64_t numbered_ = 0;
};

/** Reads a transfer's input buffers: one list of edges for every frame of its batch, as the edges store them. */
std::vector<std::vector<std::vector<uint8_t>>> gather(const Transfer &transfer);

/** Writes its results to the output buffers. */
void scatter(const Transfer &transfer);

/** Runs a function of the ABI: under the lock, with settings looked at, and without an exception getting out. */
template <typename Body>
int32_t guarded(Body body) noexcept {
  try {
    Library &library = Library::get();
    std::unique_lock<std::mutex> held(library.lock);
    library.faults.refresh();
    return body(library, held);
  } catch (const Refused &refused) {
    return refused.status;
  } catch (const std::bad_alloc &) {
    return CLEAVE_HAT_OUT_OF_HOST_MEMORY;
  } catch (...) {
    return CLEAVE_HAT_INTERNAL_FAILURE;
  }
}

}  // namespace cleave_sim

#endif

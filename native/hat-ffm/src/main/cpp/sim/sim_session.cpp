/* Sessions: the queue, transfers and their deadlines, shutting down and closing. */
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "sim_chip.h"

using namespace cleave_sim;

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/** For which closing waits for transfers that are late, before it has them end at once. */
constexpr std::chrono::seconds kLate(2);

uint64_t page() {
  static const uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/** The buffers in the order of the edges; throws Refused. */
TransferPtr made(const cleave_hat_model &model, const cleave_hat_buffer *buffers, uint32_t count) {
  const std::vector<Edge> &edges = model.model.edges;
  auto transfer = std::make_shared<Transfer>();
  transfer->data.assign(edges.size(), nullptr);
  for (uint32_t b = 0; b < count; b++) {
    const cleave_hat_buffer &buffer = buffers[b];
    if (buffer.edge == nullptr || buffer.data == nullptr) throw Refused{CLEAVE_HAT_INVALID_ARGUMENT};
    if (reinterpret_cast<uintptr_t>(buffer.data) % page() != 0) throw Refused{CLEAVE_HAT_INVALID_ARGUMENT};
    size_t index = 0;
    while (index < edges.size() && edges[index].name != buffer.edge) index++;
    if (index == edges.size()) throw Refused{CLEAVE_HAT_NOT_FOUND};
    if (transfer->data[index] != nullptr) throw Refused{CLEAVE_HAT_INVALID_ARGUMENT};
    if (buffer.bytes != model.frame_bytes(index) * model.batch) throw Refused{CLEAVE_HAT_INVALID_OPERATION};
    transfer->data[index] = static_cast<uint8_t *>(buffer.data);
  }
  const auto missing = std::find(transfer->data.begin(), transfer->data.end(), nullptr);
  if (missing != transfer->data.end()) throw Refused{CLEAVE_HAT_NOT_FOUND};
  return transfer;
}

/** Why nothing can be launched now; SUCCESS where it can. */
int32_t state(const cleave_hat_session *session) {
  if (session->model->device->lost) return CLEAVE_HAT_COMMUNICATION_CLOSED;
  return session->shut ? CLEAVE_HAT_INVALID_OPERATION : CLEAVE_HAT_SUCCESS;
}

int32_t wait_for_room(Library &library, std::unique_lock<std::mutex> &held, const cleave_hat_session *session,
                      size_t transfers, Time deadline) {
  const auto room = [&] { return session->pending.size() + transfers <= session->queue; };
  library.changed.wait_until(held, deadline, [&] { return room() || state(session) != CLEAVE_HAT_SUCCESS; });
  const int32_t now = state(session);
  if (now == CLEAVE_HAT_INVALID_OPERATION) return CLEAVE_HAT_OPERATION_ABORTED;
  if (now != CLEAVE_HAT_SUCCESS) return now;
  return room() ? CLEAVE_HAT_SUCCESS : CLEAVE_HAT_TIMEOUT;
}

void shut(Library &library, cleave_hat_session *session) {
  session->shut = true;
  library.cut(session, CLEAVE_HAT_OPERATION_ABORTED, false);
}

/** Launches what has room, with the fate that is its turn. */
int32_t launch(Library &library, cleave_hat_session *session, const TransferPtr &transfer) {
  const Fate fate = library.faults.next_transfer();
  if (fate.lost) library.lose(session->model->device);
  if (fate.lost || fate.launch_fails) {
    shut(library, session);
    return fate.lost ? CLEAVE_HAT_COMMUNICATION_CLOSED : CLEAVE_HAT_INTERNAL_FAILURE;
  }
  transfer->launched = Clock::now();
  transfer->fails = fate.fails;
  if (fate.late) transfer->late_us = library.faults.config().late_us;
  library.launch(session, transfer);
  return CLEAVE_HAT_SUCCESS;
}

/** Waits until nothing but abandoned transfers is under way. */
void drain(Library &library, std::unique_lock<std::mutex> &held, const cleave_hat_session *session) {
  library.changed.wait(held, [&] {
    return std::all_of(session->pending.begin(), session->pending.end(),
                       [](const TransferPtr &t) { return t->abandoned; });
  });
}

}  // namespace

extern "C" {

int32_t cleave_hat_session_open(cleave_hat_model *model, cleave_hat_session **out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &) {
    if (model->device->lost) return CLEAVE_HAT_COMMUNICATION_CLOSED;
    for (size_t i = 0; i < model->model.edges.size(); i++) {
      if (model->frame_bytes(i) * model->batch > CLEAVE_HAT_MAX_TRANSFER_BYTES) return CLEAVE_HAT_INVALID_OPERATION;
    }
    auto session = std::make_unique<cleave_hat_session>();
    session->model = model;
    session->queue = static_cast<uint32_t>(library.faults.config().queue);
    model->device->sessions.push_back(session.get());
    model->sessions++;
    library.open.sessions++;
    *out = session.release();
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_session_queue_size(cleave_hat_session *session, uint32_t *out) {
  if (session == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  *out = session->queue;
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_session_run(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, uint32_t timeout_millis) {
  if (session == nullptr || buffers == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &held) -> int32_t {
    const Time deadline = Clock::now() + milliseconds(timeout_millis);
    const TransferPtr transfer = made(*session->model, buffers, count);
    int32_t status = state(session);
    if (status == CLEAVE_HAT_SUCCESS) status = wait_for_room(library, held, session, 1, deadline);
    if (status == CLEAVE_HAT_SUCCESS) status = launch(library, session, transfer);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    if (transfer->late_us != 0) {
      transfer->release = transfer->late_us < 0 ? Time::max() : deadline + microseconds(transfer->late_us);
      transfer->late_us = 0;
    }
    const bool reply_lost = library.faults.next_reply_is_lost();
    library.changed.wait_until(held, deadline, [&] {
      return transfer->finished && (!reply_lost || transfer->status != CLEAVE_HAT_SUCCESS || session->shut);
    });
    if (transfer->finished && !reply_lost) return transfer->status;
    if (transfer->status != CLEAVE_HAT_SUCCESS) {
      // It has failed and says so at once: nothing of it is on its way any more.
      library.changed.wait(held, [&] { return transfer->finished; });
      return transfer->status;
    }
    transfer->abandoned = true;
    library.changed.notify_all();
    return CLEAVE_HAT_TIMEOUT;
  });
}

int32_t cleave_hat_session_wait_ready(cleave_hat_session *session, uint32_t transfers, uint32_t timeout_millis) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &held) -> int32_t {
    const int32_t status = state(session);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    return wait_for_room(library, held, session, transfers, Clock::now() + milliseconds(timeout_millis));
  });
}

int32_t cleave_hat_session_run_async(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, cleave_hat_done done,
    void *context) {
  if (session == nullptr || buffers == nullptr || done == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &) -> int32_t {
    const TransferPtr transfer = made(*session->model, buffers, count);
    transfer->done = done;
    transfer->context = context;
    const int32_t status = state(session);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    if (session->pending.size() >= session->queue) return CLEAVE_HAT_QUEUE_IS_FULL;
    return launch(library, session, transfer);
  });
}

int32_t cleave_hat_session_shutdown(cleave_hat_session *session) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &held) {
    shut(library, session);
    drain(library, held, session);
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_session_close(cleave_hat_session *session) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  const int32_t status = guarded([&](Library &library, auto &held) {
    shut(library, session);
    drain(library, held, session);
    for (const TransferPtr &transfer : session->pending) {
      const bool endless = transfer->release == Time::max();
      transfer->last = endless ? Clock::now() : Clock::now() + kLate;
    }
    library.changed.notify_all();
    library.changed.wait(held, [&] { return session->pending.empty(); });
    std::vector<cleave_hat_session *> &all = session->model->device->sessions;
    all.erase(std::find(all.begin(), all.end(), session));
    session->model->sessions--;
    library.open.sessions--;
    return CLEAVE_HAT_SUCCESS;
  });
  if (status == CLEAVE_HAT_SUCCESS) delete session;
  return status;
}

}  // extern "C"

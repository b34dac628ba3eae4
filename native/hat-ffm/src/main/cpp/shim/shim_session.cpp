/* Sessions: room, transfers and their deadlines, shutting down and closing. */
#include <algorithm>

#include "shim.h"

using namespace cleave_shim;

namespace {

using Held = std::unique_lock<std::mutex>;

constexpr std::chrono::seconds kClosing(10);

/** Why nothing can be launched now; SUCCESS where it can. */
int32_t condition(const State &state) {
  if (state.lost) return CLEAVE_HAT_COMMUNICATION_CLOSED;
  return state.shut ? CLEAVE_HAT_INVALID_OPERATION : CLEAVE_HAT_SUCCESS;
}

int32_t wait_for_room(State &state, Held &held, size_t transfers, Time deadline) {
  const auto room = [&] { return state.pending.size() + transfers <= state.queue; };
  state.changed.wait_until(held, deadline, [&] { return room() || condition(state) != CLEAVE_HAT_SUCCESS; });
  const int32_t now = condition(state);
  if (now == CLEAVE_HAT_INVALID_OPERATION) return CLEAVE_HAT_OPERATION_ABORTED;
  if (now != CLEAVE_HAT_SUCCESS) return now;
  return room() ? CLEAVE_HAT_SUCCESS : CLEAVE_HAT_TIMEOUT;
}

/** Takes a place in the queue, before the vendor is asked. */
void reserve(State &state, const TransferPtr &transfer) {
  state.pending.push_back(transfer);
  counts().transfers++;
}

/** Marks it first, so that whoever waits learns that it was shut down, and not that its transfer failed. */
void shut(cleave_hat_session &session) {
  State &state = *session.state;
  {
    const std::lock_guard<std::mutex> held(state.lock);
    const bool again = state.shut;
    state.shut = true;
    state.changed.notify_all();
    if (again) return;
  }
  // Without a chip this fails, and there is nothing that it could end.
  (void)session.configured->shutdown();
}

/** Waits until nothing, or nothing but what was abandoned, is under way; false where that does not come. */
bool drain(State &state, bool all) {
  Held held(state.lock);
  return state.changed.wait_for(held, kClosing, [&] {
    return std::all_of(state.pending.begin(), state.pending.end(),
                       [&](const TransferPtr &t) { return t->abandoned && !all; });
  });
}

}  // namespace

extern "C" {

int32_t cleave_hat_session_open(cleave_hat_model *model, cleave_hat_session **out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::lock_guard<std::mutex> held(model->lock);
    auto session = std::make_unique<cleave_hat_session>();
    for (const Edge &edge : model->edges) {
      if (edge.frame_bytes() * model->batch > CLEAVE_HAT_MAX_TRANSFER_BYTES) return CLEAVE_HAT_INVALID_OPERATION;
      session->state->inputs.push_back(edge.input);
    }
    if (model->batch > 1) model->model->set_batch_size(static_cast<uint16_t>(model->batch));
    auto configured = model->model->configure();
    if (!configured) return status_of(configured.status());
    session->model = model;
    session->configured = std::make_unique<hailort::ConfiguredInferModel>(configured.release());
    auto frames = session->configured->get_async_queue_size();
    if (!frames) return status_of(frames.status());
    session->state->queue = std::max<size_t>(1, frames.value() / model->batch);
    model->sessions++;
    counts().sessions++;
    *out = session.release();
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_session_queue_size(cleave_hat_session *session, uint32_t *out) {
  if (session == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  *out = static_cast<uint32_t>(session->state->queue);
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_session_run(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, uint32_t timeout_millis) {
  if (session == nullptr || buffers == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const Time deadline = Clock::now() + std::chrono::milliseconds(timeout_millis);
    TransferPtr transfer;
    int32_t status = make_transfer(*session->model, buffers, count, transfer);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    State &state = *session->state;
    {
      Held held(state.lock);
      status = condition(state);
      if (status == CLEAVE_HAT_SUCCESS) status = wait_for_room(state, held, 1, deadline);
      if (status != CLEAVE_HAT_SUCCESS) return status;
      reserve(state, transfer);
    }
    // The vendor's own run() would wait for a late transfer in a destructor: this one can be left behind.
    status = launch(*session, transfer);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    Held held(state.lock);
    if (state.changed.wait_until(held, deadline, [&] { return transfer->finished; })) return transfer->status;
    if (state.shut) {
      state.changed.wait_for(held, kClosing, [&] { return transfer->finished; });
      if (transfer->finished) return transfer->status;
    }
    transfer->abandoned = true;
    state.changed.notify_all();
    return CLEAVE_HAT_TIMEOUT;
  });
}

int32_t cleave_hat_session_wait_ready(cleave_hat_session *session, uint32_t transfers, uint32_t timeout_millis) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    State &state = *session->state;
    Held held(state.lock);
    const int32_t status = condition(state);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    return wait_for_room(state, held, transfers, Clock::now() + std::chrono::milliseconds(timeout_millis));
  });
}

int32_t cleave_hat_session_run_async(
    cleave_hat_session *session, const cleave_hat_buffer *buffers, uint32_t count, cleave_hat_done done,
    void *context) {
  if (session == nullptr || buffers == nullptr || done == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    TransferPtr transfer;
    int32_t status = make_transfer(*session->model, buffers, count, transfer);
    if (status != CLEAVE_HAT_SUCCESS) return status;
    transfer->done = done;
    transfer->context = context;
    State &state = *session->state;
    {
      const Held held(state.lock);
      status = condition(state);
      if (status != CLEAVE_HAT_SUCCESS) return status;
      if (state.pending.size() >= state.queue) return CLEAVE_HAT_QUEUE_IS_FULL;
      reserve(state, transfer);
    }
    return launch(*session, transfer);
  });
}

int32_t cleave_hat_session_shutdown(cleave_hat_session *session) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    shut(*session);
    return drain(*session->state, false) ? CLEAVE_HAT_SUCCESS : CLEAVE_HAT_TIMEOUT;
  });
}

int32_t cleave_hat_session_close(cleave_hat_session *session) {
  if (session == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    shut(*session);
    const bool over = drain(*session->state, true);
    counts().sessions--;
    if (!over) {
      // The vendor's callbacks still point into what this handle holds: it stays, as its model does.
      return CLEAVE_HAT_TIMEOUT;
    }
    cleave_hat_model *model = session->model;
    delete session;
    const std::lock_guard<std::mutex> held(model->lock);
    model->sessions--;
    return CLEAVE_HAT_SUCCESS;
  });
}

}  // extern "C"

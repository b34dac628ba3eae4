/* From the caller's buffers to the vendor's bindings, and the end of a transfer back. */
#include <algorithm>
#include <cstring>
#include <map>

#include "shim.h"

namespace cleave_shim {
namespace {

/** With the lock held. */
void finish(State &state, const TransferPtr &transfer) {
  if (transfer->finished) return;
  transfer->finished = true;
  state.pending.erase(std::find(state.pending.begin(), state.pending.end(), transfer));
  counts().transfers--;
}

/** Told by the vendor's thread of the end of one frame. */
void frame_ended(const std::shared_ptr<State> &state, const TransferPtr &transfer, size_t frame, int32_t status) {
  if (status == CLEAVE_HAT_SUCCESS) {
    for (const Piece &piece : transfer->frames[frame]) {
      if (!state->inputs[piece.edge] && piece.chip != piece.user) std::memcpy(piece.user, piece.chip, piece.bytes);
    }
  }
  bool tell = false;
  {
    const std::lock_guard<std::mutex> held(state->lock);
    if (transfer->status == CLEAVE_HAT_SUCCESS) transfer->status = status;
    if (status == CLEAVE_HAT_COMMUNICATION_CLOSED) state->lost = true;
    if (--transfer->left > 0) return;
    tell = transfer->launched && transfer->done != nullptr;
  }
  if (tell) transfer->done(transfer->context, transfer->status);
  const std::lock_guard<std::mutex> held(state->lock);
  // What could not be launched whole is ended by launch(), which waits for this, unless it has given up.
  if (transfer->launched || transfer->abandoned) finish(*state, transfer);
  state->changed.notify_all();
}

hailo_status launch_frame(cleave_hat_session &session, const TransferPtr &transfer, size_t frame) {
  try {
    std::map<std::string, hailort::MemoryView> views;
    for (const Piece &piece : transfer->frames[frame]) {
      views.emplace(session.model->edges[piece.edge].name, hailort::MemoryView(piece.chip, piece.bytes));
    }
    auto bindings = session.configured->create_bindings(views);
    if (!bindings) return bindings.status();
    const std::shared_ptr<State> state = session.state;
    auto job = session.configured->run_async(
        bindings.release(), [state, transfer, frame](const hailort::AsyncInferCompletionInfo &info) {
          frame_ended(state, transfer, frame, status_of(info.status));
        });
    if (!job) return job.status();
    // Its destructor would wait for its end.
    job.value().detach();
    return HAILO_SUCCESS;
  } catch (const std::bad_alloc &) {
    return HAILO_OUT_OF_HOST_MEMORY;
  }
}

}  // namespace

int32_t make_transfer(
    const cleave_hat_model &model, const cleave_hat_buffer *buffers, uint32_t count, TransferPtr &out) {
  const std::vector<Edge> &edges = model.edges;
  std::vector<uint8_t *> data(edges.size(), nullptr);
  for (uint32_t b = 0; b < count; b++) {
    const cleave_hat_buffer &buffer = buffers[b];
    if (buffer.edge == nullptr || buffer.data == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
    if (reinterpret_cast<uintptr_t>(buffer.data) % page_bytes() != 0) return CLEAVE_HAT_INVALID_ARGUMENT;
    const auto edge =
        std::find_if(edges.begin(), edges.end(), [&](const Edge &e) { return e.name == buffer.edge; });
    if (edge == edges.end()) return CLEAVE_HAT_NOT_FOUND;
    uint8_t *&place = data[static_cast<size_t>(edge - edges.begin())];
    if (place != nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
    if (buffer.bytes != edge->frame_bytes() * model.batch) return CLEAVE_HAT_INVALID_OPERATION;
    place = static_cast<uint8_t *>(buffer.data);
  }
  if (std::find(data.begin(), data.end(), nullptr) != data.end()) return CLEAVE_HAT_NOT_FOUND;
  auto transfer = std::make_shared<Transfer>();
  for (uint32_t f = 0; f < model.batch; f++) {
    std::vector<Piece> pieces;
    for (size_t e = 0; e < edges.size(); e++) {
      const uint64_t bytes = edges[e].frame_bytes();
      Piece piece = {e, data[e] + f * bytes, data[e] + f * bytes, bytes};
      // The chip writes whole pages: a frame in the middle of others gets pages of its own.
      if (model.batch > 1 && bytes % page_bytes() != 0) {
        transfer->staging.push_back(std::make_unique<Pages>(bytes));
        piece.chip = transfer->staging.back()->data();
        if (edges[e].input) std::memcpy(piece.chip, piece.user, bytes);
      }
      pieces.push_back(piece);
    }
    transfer->frames.push_back(std::move(pieces));
  }
  out = std::move(transfer);
  return CLEAVE_HAT_SUCCESS;
}

int32_t launch(cleave_hat_session &session, const TransferPtr &transfer) {
  const std::shared_ptr<State> state = session.state;
  hailo_status failed = HAILO_SUCCESS;
  {
    const std::lock_guard<std::mutex> held(state->lock);
    transfer->left = transfer->frames.size();
    transfer->launched = true;
  }
  size_t begun = 0;
  for (; begun < transfer->frames.size(); begun++) {
    failed = launch_frame(session, transfer, begun);
    if (failed != HAILO_SUCCESS) break;
  }
  if (failed == HAILO_SUCCESS) return CLEAVE_HAT_SUCCESS;

  // The vendor has shut the session down. Frames before the one that failed still end, and are waited for.
  const int32_t status = status_of(failed);
  std::unique_lock<std::mutex> held(state->lock);
  state->shut = true;
  state->lost = state->lost || status == CLEAVE_HAT_COMMUNICATION_CLOSED;
  transfer->launched = false;
  transfer->left -= transfer->frames.size() - begun;
  state->changed.notify_all();
  state->changed.wait_for(held, std::chrono::seconds(10), [&] { return transfer->left == 0; });
  if (transfer->left == 0) {
    finish(*state, transfer);
  } else {
    transfer->abandoned = true;
  }
  state->changed.notify_all();
  return status;
}

}  // namespace cleave_shim

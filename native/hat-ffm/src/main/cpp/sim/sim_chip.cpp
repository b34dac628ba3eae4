#include "sim_chip.h"

#include <algorithm>

namespace cleave_sim {

using std::chrono::microseconds;

Library &Library::get() {
  static Library *library = new Library();
  return *library;
}

void Library::start(cleave_hat_device *device) {
  if (!delivery_.joinable()) {
    delivery_stops_ = false;
    delivery_ = std::thread([this] { run_delivery(); });
  }
  device->chip = std::thread([this, device] { run_chip(device); });
}

void Library::stop(cleave_hat_device *device) {
  device->chip.join();
  {
    std::lock_guard<std::mutex> held(lock);
    if (!devices.empty()) return;
    delivery_stops_ = true;
    changed.notify_all();
  }
  delivery_.join();
}

void Library::launch(cleave_hat_session *session, const TransferPtr &transfer) {
  transfer->session = session;
  transfer->number = numbered_++;
  session->pending.push_back(transfer);
  session->model->device->queue.push_back(transfer);
  open.transfers++;
  changed.notify_all();
}

void Library::cut(cleave_hat_session *session, int32_t status, bool all) {
  for (const TransferPtr &transfer : session->pending) {
    if (transfer->delivering || transfer->status != CLEAVE_HAT_SUCCESS) continue;
    if (transfer->abandoned && !all) continue;
    transfer->status = status;
    transfer->due = std::min(transfer->due, Clock::now());
  }
  changed.notify_all();
}

void Library::lose(cleave_hat_device *device) {
  device->lost = true;
  for (cleave_hat_session *session : device->sessions) cut(session, CLEAVE_HAT_COMMUNICATION_CLOSED, true);
}

void Library::run_chip(cleave_hat_device *device) {
  Scratch scratch;
  std::unique_lock<std::mutex> held(lock);
  while (true) {
    changed.wait(held, [&] { return device->stopping || !device->queue.empty(); });
    if (device->queue.empty()) return;
    const TransferPtr transfer = device->queue.front();
    device->queue.pop_front();
    if (transfer->status == CLEAVE_HAT_SUCCESS) compute_transfer(device, transfer, scratch, held);
    schedule(device, transfer);
    outgoing_.push_back(transfer);
    changed.notify_all();
  }
}

void Library::compute_transfer(cleave_hat_device *device, const TransferPtr &transfer, Scratch &scratch,
                               std::unique_lock<std::mutex> &held) {
  const bool fails = transfer->fails;
  int32_t status = fails ? CLEAVE_HAT_INTERNAL_FAILURE : CLEAVE_HAT_SUCCESS;
  const Time began = Clock::now();
  held.unlock();
  try {
    const Model &model = transfer->session->model->model;
    for (const auto &frame : gather(*transfer)) {
      if (fails) break;
      for (auto &output : compute(model, scratch, frame)) transfer->results.push_back(std::move(output));
    }
  } catch (const Refused &refused) {
    status = refused.status;
  } catch (const std::bad_alloc &) {
    status = CLEAVE_HAT_OUT_OF_HOST_MEMORY;
  }
  held.lock();
  device->taken += std::chrono::duration_cast<microseconds>(Clock::now() - began);
  if (transfer->status == CLEAVE_HAT_SUCCESS) transfer->status = status;
}

/** When a transfer ends, by the times that its bytes and the chip take. */
void Library::schedule(cleave_hat_device *device, const TransferPtr &transfer) {
  const Time now = Clock::now();
  if (transfer->status != CLEAVE_HAT_SUCCESS) {
    transfer->due = now;
    return;
  }
  const Config &config = faults.config();
  const cleave_hat_model &model = *transfer->session->model;
  int64_t in = 0;
  int64_t out = 0;
  for (size_t i = 0; i < model.model.edges.size(); i++) {
    (model.model.edges[i].input ? in : out) += static_cast<int64_t>(model.frame_bytes(i) * model.batch);
  }
  const auto travel = [&](int64_t bytes) {
    return microseconds(config.pcie_mb_s == 0 ? 0 : bytes / config.pcie_mb_s);
  };
  const microseconds latency(config.latency_us * (config.throttled != 0 ? 2 : 1) * model.batch);
  device->in_free = std::max(transfer->launched, device->in_free) + travel(in);
  const Time begin = std::max(device->in_free, device->chip_free);
  device->chip_free = std::max(begin + latency, now);
  device->taken += latency;
  device->out_free = std::max(device->chip_free, device->out_free) + travel(out);
  transfer->due = std::max(device->out_free, transfer->release);
  if (transfer->late_us != 0) {
    transfer->due = transfer->late_us < 0 ? Time::max() : transfer->due + microseconds(transfer->late_us);
  }
}

void Library::run_delivery() {
  std::unique_lock<std::mutex> held(lock);
  while (true) {
    const auto end = [](const TransferPtr &t) { return std::min(t->due, t->last); };
    const auto next = std::min_element(
        outgoing_.begin(), outgoing_.end(), [&](const TransferPtr &a, const TransferPtr &b) {
          return end(a) != end(b) ? end(a) < end(b) : a->number < b->number;
        });
    if (next == outgoing_.end() || end(*next) == Time::max()) {
      if (delivery_stops_ && outgoing_.empty()) return;
      changed.wait(held);
    } else if (end(*next) > Clock::now()) {
      const Time until = end(*next);  // a copy: the transfer's own may change while this waits
      changed.wait_until(held, until);
    } else {
      const TransferPtr transfer = *next;
      outgoing_.erase(next);
      deliver(transfer, held);
    }
  }
}

void Library::deliver(const TransferPtr &transfer, std::unique_lock<std::mutex> &held) {
  transfer->delivering = true;
  const microseconds slow(transfer->done == nullptr ? 0 : faults.config().slow_callback_us);
  held.unlock();
  if (transfer->status == CLEAVE_HAT_SUCCESS) scatter(*transfer);
  if (slow.count() > 0) std::this_thread::sleep_for(slow);
  if (transfer->done != nullptr) transfer->done(transfer->context, transfer->status);
  held.lock();
  std::vector<TransferPtr> &pending = transfer->session->pending;
  pending.erase(std::find(pending.begin(), pending.end(), transfer));
  transfer->finished = true;
  open.transfers--;
  changed.notify_all();
}

}  // namespace cleave_sim

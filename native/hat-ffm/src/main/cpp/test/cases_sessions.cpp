/* Transfers that go as they should, and those that are refused. */
#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "contract.h"

namespace {

using Clock = std::chrono::steady_clock;

double millis_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

}  // namespace

CASE(a_transfer_gives_what_the_model_computes, Needs::Simulator) {
  const ModelFile model = small_model();
  const Open open(model.file());
  for (uint64_t seed = 1; seed <= 20; seed++) {
    const Buffers buffers(open.model, 1, seed);
    OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
    EXPECT(buffers.output() == model.expected(buffers.inputs()));
    EXPECT(buffers.clean());
  }
}

CASE(a_compiled_model_runs, Needs::Model) {
  cleave_hat_device *device = nullptr;
  cleave_hat_model *model = nullptr;
  cleave_hat_session *session = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  if (compiled_model() != nullptr) {
    OK(cleave_hat_model_load_file(device, compiled_model(), &model));
  } else {
    const std::vector<uint8_t> file = small_model().file();
    OK(cleave_hat_model_load_buffer(device, file.data(), file.size(), &model));
  }
  OK(cleave_hat_session_open(model, &session));
  {
    const Buffers buffers(model, 1, 1);
    uint32_t queue = 0;
    OK(cleave_hat_session_queue_size(session, &queue));
    EXPECT(queue >= 1);
    OK(cleave_hat_session_wait_ready(session, queue, kLong));
    STATUS(cleave_hat_session_wait_ready(session, queue + 1, 20), CLEAVE_HAT_TIMEOUT);
    OK(cleave_hat_session_run(session, buffers.list.data(), buffers.count(), kLong));
    EXPECT(!buffers.untouched() && buffers.clean());
    const std::vector<uint8_t> first = buffers.output();
    Ends ends;
    OK(cleave_hat_session_run_async(session, buffers.list.data(), buffers.count(), Ends::done, &ends));
    EXPECT(ends.wait(1));
    EXPECT(ends.statuses()[0] == CLEAVE_HAT_SUCCESS && buffers.output() == first);
    std::vector<cleave_hat_buffer> wrong = buffers.list;
    wrong[0].bytes += 8;
    STATUS(cleave_hat_session_run(session, wrong.data(), buffers.count(), kLong), CLEAVE_HAT_INVALID_OPERATION);
    STATUS(cleave_hat_session_run(session, wrong.data() + 1, buffers.count() - 1, kLong), CLEAVE_HAT_NOT_FOUND);
    OK(cleave_hat_session_shutdown(session));
    STATUS(cleave_hat_session_run(session, buffers.list.data(), buffers.count(), kLong),
           CLEAVE_HAT_INVALID_OPERATION);
    OK(cleave_hat_session_close(session));
  }
  OK(cleave_hat_model_free(model));
  OK(cleave_hat_device_close(device));
}

CASE(a_batch_gives_what_its_frames_give, Needs::Simulator) {
  const ModelFile model = small_model();
  Open open(model.file());
  open.close_session();
  OK(cleave_hat_model_set_batch(open.model, 5));
  OK(cleave_hat_session_open(open.model, &open.session));
  const Buffers buffers(open.model, 5, 3);
  OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
  const std::vector<std::vector<uint8_t>> inputs = buffers.inputs();
  std::vector<uint8_t> expected;
  for (long f = 0; f < 5; f++) {
    const auto one = model.expected({{inputs[0].begin() + f * 768, inputs[0].begin() + (f + 1) * 768},
                                     {inputs[1].begin() + f * 16, inputs[1].begin() + (f + 1) * 16}});
    expected.insert(expected.end(), one.begin(), one.end());
  }
  EXPECT(buffers.output() == expected && buffers.clean());
}

CASE(floats_are_quantised_on_the_way, Needs::Simulator) {
  const ModelFile model = small_model();
  Open open(model.file());
  const Buffers stored(open.model, 1, 9);
  OK(cleave_hat_session_run(open.session, stored.list.data(), stored.count(), kLong));
  open.close_session();
  for (const char *edge : {"embeddings", "mask", "hidden_states"}) {
    OK(cleave_hat_model_set_format(open.model, edge, CLEAVE_HAT_FLOAT32));
  }
  OK(cleave_hat_session_open(open.model, &open.session));
  const Buffers real(open.model, 1, 0);
  for (size_t e = 0; e < 2; e++) {
    float *to = reinterpret_cast<float *>(real.pages[e]->data());
    const std::vector<uint8_t> from = stored.bytes(e);
    for (size_t i = 0; i < real.list[e].bytes / 4; i++) {
      const int32_t q = e == 0 ? from[2 * i] + 256 * from[2 * i + 1] : from[i];
      to[i] = (static_cast<float>(q) - stored.edges[e].zero_point) * stored.edges[e].scale;
    }
  }
  OK(cleave_hat_session_run(open.session, real.list.data(), real.count(), kLong));
  const std::vector<uint8_t> wanted = stored.output();
  const std::vector<uint8_t> got = real.output();
  for (size_t i = 0; i < got.size() / 4; i++) {
    float value;
    std::memcpy(&value, got.data() + 4 * i, 4);
    const float q = static_cast<float>(wanted[2 * i] + 256 * wanted[2 * i + 1]);
    EXPECT(value == (q - stored.edges[2].zero_point) * stored.edges[2].scale);
  }
  // NaN and what is out of range is clipped, and no undefined conversion.
  float *to = reinterpret_cast<float *>(real.pages[0]->data());
  to[0] = NAN;
  to[1] = INFINITY;
  to[2] = -INFINITY;
  to[3] = 3e38F;
  OK(cleave_hat_session_run(open.session, real.list.data(), real.count(), kLong));
}

CASE(recorded_frames_are_looked_up, Needs::Simulator) {
  ModelFile table;
  table.edge("in", 0, table.activation(U8, {1, 16}, 1, 0));
  table.edge("out", 1, table.activation(U16, {1, 8}, 1, 0));
  std::vector<uint8_t> in(16);
  std::vector<uint8_t> out(16);
  for (uint8_t i = 0; i < 16; i++) in[i] = i, out[i] = static_cast<uint8_t>(200 + i);
  table.frame({std::vector<uint8_t>(16, 7)}, std::vector<uint8_t>(16, 9));
  table.frame({in}, out);
  const Open open(table.file());
  const Buffers buffers(open.model, 1, 1);
  std::copy(in.begin(), in.end(), buffers.pages[0]->data());
  OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
  EXPECT(buffers.output() == out);
  buffers.pages[0]->data()[3] ^= 1;
  STATUS(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong),
         CLEAVE_HAT_INTERNAL_FAILURE);
}

CASE(buffers_that_do_not_fit_are_refused, Needs::Simulator) {
  const Open open(small_model().file());
  const Buffers good(open.model, 1, 1);
  Ends ends;
  const auto refused = [&](std::vector<cleave_hat_buffer> list, int32_t status) {
    const uint32_t count = static_cast<uint32_t>(list.size());
    STATUS(cleave_hat_session_run(open.session, list.data(), count, kLong), status);
    STATUS(cleave_hat_session_run_async(open.session, list.data(), count, Ends::done, &ends), status);
  };
  std::vector<cleave_hat_buffer> list = good.list;
  list[0].bytes += 8;
  refused(list, CLEAVE_HAT_INVALID_OPERATION);
  list = good.list;
  list[2].bytes = 0;
  refused(list, CLEAVE_HAT_INVALID_OPERATION);
  list = good.list;
  list.pop_back();
  refused(list, CLEAVE_HAT_NOT_FOUND);
  list = good.list;
  list[1].edge = "Mask";
  refused(list, CLEAVE_HAT_NOT_FOUND);
  list = good.list;
  list.push_back(list[0]);
  refused(list, CLEAVE_HAT_INVALID_ARGUMENT);
  list = good.list;
  list[0].data = nullptr;
  refused(list, CLEAVE_HAT_INVALID_ARGUMENT);
  list = good.list;
  list[0].edge = nullptr;
  refused(list, CLEAVE_HAT_INVALID_ARGUMENT);
  list = good.list;
  list[0].data = good.pages[0]->data() + 8;
  refused(list, CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_run(open.session, nullptr, 3, kLong), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_run(open.session, good.list.data(), 0, kLong), CLEAVE_HAT_NOT_FOUND);
  STATUS(cleave_hat_session_run_async(open.session, good.list.data(), 3, nullptr, &ends), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_queue_size(open.session, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  // None of these has shut the session down, or told anybody anything.
  OK(cleave_hat_session_run(open.session, good.list.data(), good.count(), kLong));
  EXPECT(ends.statuses().empty());
}

CASE(asynchronous_transfers_end_in_order_on_one_thread, Needs::Simulator) {
  const Settings settings("queue=3,devices=2");
  const ModelFile model = small_model();
  const Open first(model.file());
  const Open second(model.file());
  struct Told {
    std::mutex lock;
    std::vector<std::thread::id> threads;
    std::vector<int> order;
    Ends ends;
  } told;
  struct One {
    Told *told;
    int number;
  };
  const auto done = [](void *context, int32_t status) {
    One *one = static_cast<One *>(context);
    {
      std::lock_guard<std::mutex> held(one->told->lock);
      one->told->threads.push_back(std::this_thread::get_id());
      one->told->order.push_back(one->number);
    }
    Ends::done(&one->told->ends, status);
  };
  std::vector<std::unique_ptr<Buffers>> buffers;
  std::vector<One> ones(12);
  for (int i = 0; i < 12; i++) {
    const Open &open = i % 2 == 0 ? first : second;
    ones[static_cast<size_t>(i)] = {&told, i};
    buffers.push_back(std::make_unique<Buffers>(open.model, 1, 100 + i));
    OK(cleave_hat_session_wait_ready(open.session, 1, kLong));
    OK(cleave_hat_session_run_async(open.session, buffers.back()->list.data(), buffers.back()->count(), done,
                                    &ones[static_cast<size_t>(i)]));
  }
  EXPECT(told.ends.wait(12));
  for (int32_t status : told.ends.statuses()) EXPECT(status == CLEAVE_HAT_SUCCESS);
  for (const auto &each : buffers) EXPECT(each->output() == model.expected(each->inputs()) && each->clean());
  for (std::thread::id thread : told.threads) {
    EXPECT(thread == told.threads[0] && thread != std::this_thread::get_id());
  }
  for (int parity = 0; parity < 2; parity++) {
    std::vector<int> of_one;
    for (int number : told.order) {
      if (number % 2 == parity) of_one.push_back(number);
    }
    EXPECT(of_one.size() == 6 && std::is_sorted(of_one.begin(), of_one.end()));
  }
}

CASE(the_queue_holds_as_many_as_it_says, Needs::Simulator) {
  const Settings settings("queue=2,timeout_at=1,late_us=-1");
  const Open open(small_model().file());
  uint32_t queue = 0;
  OK(cleave_hat_session_queue_size(open.session, &queue));
  EXPECT(queue == 2);
  const Buffers late(open.model, 1, 1);
  const Buffers next(open.model, 1, 2);
  const Buffers third(open.model, 1, 3);
  Ends ends;
  OK(cleave_hat_session_wait_ready(open.session, 2, kLong));
  OK(cleave_hat_session_wait_ready(open.session, 0, 0));
  OK(cleave_hat_session_run_async(open.session, late.list.data(), 3, Ends::done, &ends));
  EXPECT(open_handles().transfers == 1);
  const Clock::time_point began = Clock::now();
  STATUS(cleave_hat_session_wait_ready(open.session, 2, 30), CLEAVE_HAT_TIMEOUT);
  STATUS(cleave_hat_session_wait_ready(open.session, 3, 30), CLEAVE_HAT_TIMEOUT);
  EXPECT(millis_since(began) >= 59);
  OK(cleave_hat_session_run(open.session, next.list.data(), 3, kLong));
  OK(cleave_hat_sim_configure("queue=2,timeout_at=1,late_us=-1"));
  OK(cleave_hat_session_run_async(open.session, next.list.data(), 3, Ends::done, &ends));
  STATUS(cleave_hat_session_run_async(open.session, third.list.data(), 3, Ends::done, &ends),
         CLEAVE_HAT_QUEUE_IS_FULL);
  STATUS(cleave_hat_session_run(open.session, third.list.data(), 3, 30), CLEAVE_HAT_TIMEOUT);
  EXPECT(third.untouched() && open_handles().transfers == 2);
  // A full queue leaves the session as it was: it still waits, and does not refuse.
  STATUS(cleave_hat_session_wait_ready(open.session, 1, 1), CLEAVE_HAT_TIMEOUT);
  OK(cleave_hat_session_shutdown(open.session));
  EXPECT(ends.statuses() == std::vector<int32_t>({CLEAVE_HAT_OPERATION_ABORTED, CLEAVE_HAT_OPERATION_ABORTED}));
  EXPECT(late.untouched());
}

CASE(room_comes_when_a_transfer_ends, Needs::Simulator) {
  const Settings settings("queue=1,latency_us=20000");
  const Open open(small_model().file());
  const Buffers first(open.model, 1, 1);
  const Buffers second(open.model, 1, 2);
  Ends ends;
  OK(cleave_hat_session_run_async(open.session, first.list.data(), 3, Ends::done, &ends));
  OK(cleave_hat_session_wait_ready(open.session, 1, kLong));
  EXPECT(ends.statuses().size() == 1);
  OK(cleave_hat_session_run_async(open.session, second.list.data(), 3, Ends::done, &ends));
  EXPECT(ends.wait(2));
}

CASE(a_session_that_was_shut_down_refuses, Needs::Simulator) {
  const Open open(small_model().file());
  const Buffers buffers(open.model, 1, 1);
  Ends ends;
  OK(cleave_hat_session_shutdown(open.session));
  OK(cleave_hat_session_shutdown(open.session));
  STATUS(cleave_hat_session_run(open.session, buffers.list.data(), 3, kLong), CLEAVE_HAT_INVALID_OPERATION);
  STATUS(cleave_hat_session_run_async(open.session, buffers.list.data(), 3, Ends::done, &ends),
         CLEAVE_HAT_INVALID_OPERATION);
  STATUS(cleave_hat_session_wait_ready(open.session, 1, kLong), CLEAVE_HAT_INVALID_OPERATION);
  uint32_t queue = 0;
  OK(cleave_hat_session_queue_size(open.session, &queue));
  EXPECT(ends.statuses().empty() && buffers.untouched());
}

CASE(a_frame_takes_its_latency_and_its_bytes_time, Needs::Simulator) {
  ModelFile wide;
  wide.edge("in", 0, wide.activation(U8, {100, 1000}, 1, 0));
  wide.edge("out", 1, wide.activation(U8, {100, 1000}, 1, 0));
  wide.node(ACTIVATION, 1, {0}, 1);
  const Open open(wide.file());
  const Buffers buffers(open.model, 1, 1);
  const auto took = [&](const char *settings_text) {
    const Settings settings(settings_text);
    const Clock::time_point began = Clock::now();
    OK(cleave_hat_session_run(open.session, buffers.list.data(), 2, kLong));
    return millis_since(began);
  };
  // 100 000 bytes each way at 10 MB/s are 10 ms each way. Only "not sooner" is certain on a busy machine.
  EXPECT(took("latency_us=15000") >= 15);
  EXPECT(took("latency_us=15000,throttled=1") >= 30);
  EXPECT(took("pcie_mb_s=10") >= 20);
}

/* Many sessions and threads at once, and ends that come while work is under way. */
#include <algorithm>
#include <atomic>
#include <thread>

#include "contract.h"

CASE(many_threads_share_a_session, Needs::Simulator) {
  const Settings settings("queue=2,latency_us=100");
  const ModelFile model = small_model();
  const Open open(model.file());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 8; t++) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 25; i++) {
        const Buffers buffers(open.model, 1, 1000 * t + i);
        OK(cleave_hat_session_run(open.session, buffers.list.data(), 3, kLong));
        if (buffers.output() == model.expected(buffers.inputs()) && buffers.clean()) right++;
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT(right == 200);
}

CASE(many_sessions_open_and_close_at_once, Needs::Simulator) {
  const Settings settings("devices=4");
  const ModelFile model = small_model();
  const std::vector<uint8_t> file = model.file();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 12; i++) {
        const Open open(file);
        cleave_hat_session *second = nullptr;
        OK(cleave_hat_session_open(open.model, &second));
        const Buffers buffers(open.model, 1, 1000 * t + i);
        const Buffers others(open.model, 1, 500 * t + i);
        Ends ends;
        OK(cleave_hat_session_run_async(second, others.list.data(), 3, Ends::done, &ends));
        OK(cleave_hat_session_run(open.session, buffers.list.data(), 3, kLong));
        if (buffers.output() == model.expected(buffers.inputs())) right++;
        OK(cleave_hat_session_close(second));
        EXPECT(ends.statuses().size() == 1);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT(right == 48);
}

CASE(closing_ends_what_is_under_way, Needs::Simulator) {
  const ModelFile model = small_model();
  const std::vector<uint8_t> file = model.file();
  for (uint64_t round = 0; round < 60; round++) {
    const Settings settings(round % 3 == 0 ? "queue=4,latency_us=500" : "queue=4");
    Open open(file);
    std::vector<std::unique_ptr<Buffers>> buffers;
    Ends ends;
    for (uint64_t i = 0; i < 4; i++) {
      buffers.push_back(std::make_unique<Buffers>(open.model, 1, round * 4 + i));
      OK(cleave_hat_session_run_async(open.session, buffers.back()->list.data(), 3, Ends::done, &ends));
    }
    open.close_session();
    // Each was told once, before the close returned; what succeeded is right, what was aborted is untouched.
    const std::vector<int32_t> statuses = ends.statuses();
    EXPECT(statuses.size() == 4);
    size_t whole = 0;
    for (const auto &each : buffers) {
      const bool is_whole = each->output() == model.expected(each->inputs());
      EXPECT(is_whole || each->untouched());
      whole += is_whole ? 1 : 0;
    }
    const auto succeeded = std::count(statuses.begin(), statuses.end(), CLEAVE_HAT_SUCCESS);
    EXPECT(whole == static_cast<size_t>(succeeded));
    EXPECT(std::count(statuses.begin(), statuses.end(), CLEAVE_HAT_OPERATION_ABORTED) + succeeded == 4);
    buffers.clear();  // freed: whoever still wrote would be found out
  }
}

CASE(runs_meet_a_shutdown, Needs::Simulator) {
  const ModelFile model = small_model();
  const std::vector<uint8_t> file = model.file();
  for (uint64_t round = 0; round < 20; round++) {
    const Settings settings("queue=2,latency_us=300");
    const Open open(file);
    std::atomic<int> ran{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; t++) {
      threads.emplace_back([&, t] {
        while (true) {
          const Buffers buffers(open.model, 1, t);
          const int32_t status = cleave_hat_session_run(open.session, buffers.list.data(), 3, kLong);
          if (status == CLEAVE_HAT_SUCCESS) {
            ran++;
            continue;
          }
          EXPECT(status == CLEAVE_HAT_OPERATION_ABORTED || status == CLEAVE_HAT_INVALID_OPERATION);
          EXPECT(buffers.untouched());
          return;
        }
      });
    }
    while (ran < 3) std::this_thread::yield();
    OK(cleave_hat_session_shutdown(open.session));
    for (std::thread &thread : threads) thread.join();
  }
}

CASE(timeouts_and_late_ends_mix, Needs::Simulator) {
  // Each thread has short deadlines on a slow chip: some time out, and are left to end later. Buffers are freed only
  // when the session was closed.
  const Settings settings("queue=4,latency_us=2000,timeout_at=5,late_us=20000");
  const ModelFile model = small_model();
  Open open(model.file());
  std::mutex lock;
  std::vector<std::unique_ptr<Buffers>> left;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; t++) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 10; i++) {
        auto buffers = std::make_unique<Buffers>(open.model, 1, 100 * t + i);
        const int32_t status = cleave_hat_session_run(open.session, buffers->list.data(), 3, 5);
        EXPECT(status == CLEAVE_HAT_SUCCESS || status == CLEAVE_HAT_TIMEOUT);
        if (status == CLEAVE_HAT_SUCCESS) {
          EXPECT(buffers->output() == model.expected(buffers->inputs()));
        } else {
          const std::lock_guard<std::mutex> held(lock);
          left.push_back(std::move(buffers));
        }
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  open.close_session();
  for (const auto &each : left) {
    EXPECT(each->untouched() || each->output() == model.expected(each->inputs()));
  }
}

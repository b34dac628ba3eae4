/* Every fault that the simulator can show, and what is left to do behind each. */
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "contract.h"

namespace {

int32_t run(const Open &open, const Buffers &buffers, uint32_t timeout_millis = kLong) {
  return cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), timeout_millis);
}

int32_t run_async(const Open &open, const Buffers &buffers, Ends &ends) {
  return cleave_hat_session_run_async(open.session, buffers.list.data(), buffers.count(), Ends::done, &ends);
}

}  // namespace

CASE(a_late_transfer_writes_into_its_buffers_after_its_timeout, Needs::Simulator) {
  const Settings settings("timeout_at=2,late_us=100000");
  const ModelFile model = small_model();
  const Open open(model.file());
  const Buffers first(open.model, 1, 1);
  const Buffers late(open.model, 1, 2);
  OK(run(open, first));
  STATUS(run(open, late, 50), CLEAVE_HAT_TIMEOUT);
  EXPECT(open_handles().transfers <= 1);
  EXPECT(wait_for_no_transfers());
  EXPECT(late.output() == model.expected(late.inputs()) && late.clean());
  OK(run(open, first));
}

CASE(others_pass_a_transfer_that_is_late, Needs::Simulator) {
  const Settings settings("timeout_at=1,late_us=-1");
  const ModelFile model = small_model();
  Open open(model.file());
  const Buffers late(open.model, 1, 1);
  const Buffers next(open.model, 1, 2);
  STATUS(run(open, late, 20), CLEAVE_HAT_TIMEOUT);
  OK(run(open, next));
  EXPECT(next.output() == model.expected(next.inputs()));
  EXPECT(late.untouched() && open_handles().transfers == 1);
  OK(cleave_hat_session_shutdown(open.session));
  EXPECT(late.untouched() && open_handles().transfers == 1);
  // The last moment: closing returns when it has been written, and not before.
  open.close_session();
  EXPECT(late.output() == model.expected(late.inputs()) && open_handles().transfers == 0);
}

CASE(closing_waits_for_a_late_transfer, Needs::Simulator) {
  const Settings settings("timeout_at=1,late_us=300000");
  const ModelFile model = small_model();
  Open open(model.file());
  auto late = std::make_unique<Buffers>(open.model, 1, 1);
  const std::vector<uint8_t> expected = model.expected(late->inputs());
  STATUS(run(open, *late, 10), CLEAVE_HAT_TIMEOUT);
  open.close_session();
  EXPECT(open_handles().transfers == 0);
  EXPECT(late->output() == expected);
  late.reset();  // from here on a write would be one into freed memory
}

CASE(an_asynchronous_transfer_may_be_late_as_well, Needs::Simulator) {
  const Settings settings("timeout_at=1,late_us=30000");
  const ModelFile model = small_model();
  const Open open(model.file());
  const Buffers late(open.model, 1, 1);
  Ends ends;
  const auto began = std::chrono::steady_clock::now();
  OK(run_async(open, late, ends));
  EXPECT(ends.wait(1));
  EXPECT(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(30));
  EXPECT(ends.statuses()[0] == CLEAVE_HAT_SUCCESS && late.output() == model.expected(late.inputs()));
}

CASE(a_short_deadline_is_kept, Needs::Simulator) {
  const Settings settings("latency_us=100000");
  const ModelFile model = small_model();
  const Open open(model.file());
  const Buffers buffers(open.model, 1, 1);
  STATUS(run(open, buffers, 0), CLEAVE_HAT_TIMEOUT);
  STATUS(run(open, buffers, 10), CLEAVE_HAT_TIMEOUT);
  EXPECT(wait_for_no_transfers());
  EXPECT(buffers.output() == model.expected(buffers.inputs()));
}

CASE(a_reply_may_be_lost_though_the_transfer_has_completed, Needs::Simulator) {
  const Settings settings("spurious_timeout_every=2");
  const ModelFile model = small_model();
  const Open open(model.file());
  const Buffers first(open.model, 1, 1);
  const Buffers second(open.model, 1, 2);
  OK(run(open, first));
  const auto began = std::chrono::steady_clock::now();
  STATUS(run(open, second, 200), CLEAVE_HAT_TIMEOUT);
  EXPECT(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(199));
  EXPECT(wait_for_no_transfers());
  EXPECT(second.output() == model.expected(second.inputs()));
  OK(run(open, second));
}

CASE(a_connection_that_is_lost_stays_so, Needs::Simulator) {
  // So slow that the first two are surely under way when the connection goes.
  const Settings settings("lost_at_call=3,latency_us=30000000");
  const ModelFile model = small_model();
  const std::vector<uint8_t> file = model.file();
  {
    const Open open(file);
    const Buffers one(open.model, 1, 1);
    const Buffers two(open.model, 1, 2);
    const Buffers three(open.model, 1, 3);
    Ends ends;
    OK(run_async(open, one, ends));
    OK(run_async(open, two, ends));
    STATUS(run(open, three), CLEAVE_HAT_COMMUNICATION_CLOSED);
    EXPECT(ends.wait(2));
    EXPECT(ends.statuses() == std::vector<int32_t>(2, CLEAVE_HAT_COMMUNICATION_CLOSED));
    EXPECT(one.untouched() && two.untouched() && three.untouched());
    STATUS(run(open, one), CLEAVE_HAT_COMMUNICATION_CLOSED);
    STATUS(run_async(open, one, ends), CLEAVE_HAT_COMMUNICATION_CLOSED);
    STATUS(cleave_hat_session_wait_ready(open.session, 1, kLong), CLEAVE_HAT_COMMUNICATION_CLOSED);
    cleave_hat_device_info info;
    cleave_hat_telemetry telemetry;
    cleave_hat_model *more = nullptr;
    cleave_hat_session *again = nullptr;
    STATUS(cleave_hat_device_info_of(open.device, &info), CLEAVE_HAT_COMMUNICATION_CLOSED);
    STATUS(cleave_hat_device_telemetry(open.device, &telemetry), CLEAVE_HAT_COMMUNICATION_CLOSED);
    STATUS(cleave_hat_model_load_buffer(open.device, file.data(), file.size(), &more), CLEAVE_HAT_COMMUNICATION_CLOSED);
    STATUS(cleave_hat_session_open(open.model, &again), CLEAVE_HAT_COMMUNICATION_CLOSED);
    EXPECT(more == nullptr && again == nullptr && ends.statuses().size() == 2);
    // Open's end closes session, model and device: each succeeds.
  }
  OK(cleave_hat_sim_configure(nullptr));
  const Open open(file);
  const Buffers buffers(open.model, 1, 4);
  OK(run(open, buffers));
  EXPECT(buffers.output() == model.expected(buffers.inputs()));
}

CASE(an_asynchronous_launch_finds_the_connection_lost, Needs::Simulator) {
  const Settings settings("lost_at_call=1");
  const Open open(small_model().file());
  const Buffers buffers(open.model, 1, 1);
  Ends ends;
  STATUS(run_async(open, buffers, ends), CLEAVE_HAT_COMMUNICATION_CLOSED);
  EXPECT(ends.statuses().empty() && buffers.untouched());
}

CASE(a_launch_that_fails_shuts_the_session_down, Needs::Simulator) {
  for (const bool async : {true, false}) {
    const Settings settings("launch_fails_at=2,timeout_at=1,late_us=-1");
    const ModelFile model = small_model();
    Open open(model.file());
    const Buffers first(open.model, 1, 1);
    const Buffers second(open.model, 1, 2);
    Ends ends;
    OK(run_async(open, first, ends));
    STATUS(async ? run_async(open, second, ends) : run(open, second), CLEAVE_HAT_INTERNAL_FAILURE);
    EXPECT(ends.wait(1));
    EXPECT(ends.statuses() == std::vector<int32_t>(1, CLEAVE_HAT_OPERATION_ABORTED));
    STATUS(run(open, second), CLEAVE_HAT_INVALID_OPERATION);
    open.close_session();
    OK(cleave_hat_session_open(open.model, &open.session));
    OK(run(open, second));
    EXPECT(second.output() == model.expected(second.inputs()));
  }
}

CASE(a_transfer_that_fails_leaves_the_session, Needs::Simulator) {
  const Settings settings("fails_at=1");
  const ModelFile model = small_model();
  const Open open(model.file());
  const Buffers buffers(open.model, 1, 1);
  STATUS(run(open, buffers), CLEAVE_HAT_INTERNAL_FAILURE);
  EXPECT(buffers.untouched());
  OK(run(open, buffers));
  OK(cleave_hat_sim_configure("fails_at=2"));
  Ends ends;
  OK(run_async(open, buffers, ends));
  OK(run_async(open, buffers, ends));
  EXPECT(ends.wait(2));
  EXPECT(ends.statuses() == std::vector<int32_t>({CLEAVE_HAT_SUCCESS, CLEAVE_HAT_INTERNAL_FAILURE}));
}

CASE(a_slow_callback_stalls_every_reply, Needs::Simulator) {
  const Settings settings("devices=2");
  const std::vector<uint8_t> file = small_model().file();
  const Open one(file);
  const Open other(file);
  const Buffers of_one(one.model, 1, 1);
  const Buffers of_other(other.model, 1, 2);
  struct Gate {
    std::mutex lock;
    std::condition_variable changed;
    bool entered = false;
    bool open = false;
  } gate;
  const auto held_up = [](void *context, int32_t) {
    Gate *at = static_cast<Gate *>(context);
    std::unique_lock<std::mutex> held(at->lock);
    at->entered = true;
    at->changed.notify_all();
    at->changed.wait(held, [&] { return at->open; });
  };
  OK(cleave_hat_session_run_async(one.session, of_one.list.data(), 3, held_up, &gate));
  {
    std::unique_lock<std::mutex> held(gate.lock);
    gate.changed.wait(held, [&] { return gate.entered; });
  }
  STATUS(run(other, of_other, 100), CLEAVE_HAT_TIMEOUT);
  EXPECT(of_other.untouched());
  {
    std::lock_guard<std::mutex> held(gate.lock);
    gate.open = true;
    gate.changed.notify_all();
  }
  EXPECT(wait_for_no_transfers());
  EXPECT(!of_other.untouched());
  const Settings slow("devices=2,slow_callback_us=50000");
  Ends ends;
  const auto began = std::chrono::steady_clock::now();
  OK(run_async(one, of_one, ends));
  OK(run_async(other, of_other, ends));
  EXPECT(ends.wait(2));
  EXPECT(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(100));
}

CASE(shutting_down_ends_a_run_that_waits, Needs::Simulator) {
  for (const bool for_room : {false, true}) {
    const Settings settings("queue=1,timeout_at=1,late_us=-1");
    const Open open(small_model().file());
    const Buffers first(open.model, 1, 1);
    const Buffers second(open.model, 1, 2);
    Ends ends;
    if (for_room) OK(run_async(open, first, ends));
    int32_t status = CLEAVE_HAT_SUCCESS;
    std::thread waiting([&] { status = run(open, second); });
    // Either it waits by now, or it finds the session shut down: both are right. Most times it waits.
    while (!for_room && open_handles().transfers == 0) std::this_thread::yield();
    if (for_room) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    OK(cleave_hat_session_shutdown(open.session));
    waiting.join();
    EXPECT(status == CLEAVE_HAT_OPERATION_ABORTED || (for_room && status == CLEAVE_HAT_INVALID_OPERATION));
    EXPECT(first.untouched() && second.untouched());
  }
}

CASE(settings_come_from_a_file_that_may_change, Needs::Simulator) {
  // The library looks for the file's name when it is loaded: run-suite.sh sets it.
  const char *path = std::getenv("CLEAVE_HAT_SIM_CONFIG");
  EXPECT(path != nullptr);
  if (path == nullptr) return;
  const auto write = [&](const std::string &text) {
    const std::string fresh = std::string(path) + ".new";
    FILE *file = std::fopen(fresh.c_str(), "w");
    EXPECT(file != nullptr);
    if (file == nullptr) return;
    std::fputs(text.c_str(), file);
    std::fclose(file);
    std::rename(fresh.c_str(), path);
  };
  uint32_t count = 0;
  cleave_hat_device_id ids[8];
  write("# of the whole suite\ndevices=3\n");
  OK(cleave_hat_scan(ids, 8, &count));
  EXPECT(count == 3);
  write("devices=5 # one line\nno_such_key=1\n");
  OK(cleave_hat_scan(ids, 8, &count));
  EXPECT(count == 5);
  {
    const Settings over("devices=1");
    OK(cleave_hat_scan(ids, 8, &count));
    EXPECT(count == 1);
  }
  unlink(path);
  OK(cleave_hat_scan(ids, 8, &count));
  EXPECT(count == 1);
}

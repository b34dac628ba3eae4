/* What the cases share, and the main program. */
#include "contract.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

namespace {

std::atomic<int> failures{0};

std::vector<const Case *> &cases() {
  static std::vector<const Case *> all;
  return all;
}

bool simulated() { return cleave_hat_sim_configure != nullptr; }

bool has_device() {
  uint32_t count = 0;
  const int32_t status = cleave_hat_scan(nullptr, 0, &count);
  return (status == CLEAVE_HAT_SUCCESS || status == CLEAVE_HAT_INSUFFICIENT_BUFFER) && count > 0;
}

const char *lacking(Needs needs) {
  if (needs == Needs::Simulator && !simulated()) return "is about the simulator";
  if (needs == Needs::Nothing || simulated()) return nullptr;
  if (!has_device()) return "needs a device, and there is none";
  if (needs == Needs::Model && compiled_model() == nullptr) return "needs a model that CLEAVE_HAT_TEST_HEF names";
  return nullptr;
}

}  // namespace

Case::Case(const char *case_name, Needs case_needs, void (*case_body)())
    : name(case_name), needs(case_needs), body(case_body) {
  cases().push_back(this);
}

void expect(bool right, const char *what, const char *file, int line) {
  if (right) return;
  failures++;
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
}

void expect_status(int32_t status, int32_t wanted, const char *what, const char *file, int line) {
  if (status == wanted) return;
  failures++;
  std::fprintf(stderr, "%s:%d: %s is %s (%d), not %s (%d)\n", file, line, what, cleave_hat_status_name(status),
               static_cast<int>(status), cleave_hat_status_name(wanted), static_cast<int>(wanted));
}

Pages::Pages(uint64_t bytes) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  bytes_ = (bytes + page - 1) / page * page;
  if (posix_memalign(&data_, page, bytes_) != 0) std::abort();
  std::memset(data_, 0xA5, bytes_);
}

bool Pages::clean_behind(uint64_t used) const {
  return std::all_of(data() + used, data() + bytes_, [](uint8_t b) { return b == 0xA5; });
}

Buffers::Buffers(cleave_hat_model *model, uint32_t batch, uint64_t seed) {
  Random random(seed);
  uint32_t count = 0;
  OK(cleave_hat_model_edge_count(model, &count));
  edges.resize(count);
  for (uint32_t i = 0; i < count; i++) OK(cleave_hat_model_edge_info(model, i, &edges[i]));
  for (const cleave_hat_edge_info &edge : edges) {
    pages.push_back(std::make_unique<Pages>(edge.frame_bytes * batch));
    uint8_t *data = pages.back()->data();
    list.push_back({edge.name, data, edge.frame_bytes * batch});
    if (edge.direction != CLEAVE_HAT_INPUT) continue;
    for (uint64_t i = 0; i < edge.frame_bytes * batch; i++) data[i] = static_cast<uint8_t>(random.next());
  }
}

std::vector<uint8_t> Buffers::bytes(size_t edge) const {
  const uint8_t *data = pages[edge]->data();
  return std::vector<uint8_t>(data, data + list[edge].bytes);
}

std::vector<uint8_t> Buffers::output() const {
  size_t edge = 0;
  while (edges[edge].direction == CLEAVE_HAT_INPUT) edge++;
  return bytes(edge);
}

std::vector<std::vector<uint8_t>> Buffers::inputs() const {
  std::vector<std::vector<uint8_t>> all;
  for (size_t i = 0; i < edges.size(); i++) {
    if (edges[i].direction == CLEAVE_HAT_INPUT) all.push_back(bytes(i));
  }
  return all;
}

bool Buffers::untouched() const {
  for (size_t i = 0; i < edges.size(); i++) {
    if (edges[i].direction == CLEAVE_HAT_OUTPUT && !pages[i]->clean_behind(0)) return false;
  }
  return true;
}

bool Buffers::clean() const {
  for (size_t i = 0; i < edges.size(); i++) {
    if (!pages[i]->clean_behind(list[i].bytes)) return false;
  }
  return true;
}

Open::Open(const std::vector<uint8_t> &file) {
  OK(cleave_hat_device_open(nullptr, &device));
  OK(cleave_hat_model_load_buffer(device, file.data(), file.size(), &model));
  OK(cleave_hat_session_open(model, &session));
}

void Open::close_session() {
  if (session != nullptr) OK(cleave_hat_session_close(session));
  session = nullptr;
}

Open::~Open() {
  close_session();
  if (model != nullptr) OK(cleave_hat_model_free(model));
  if (device != nullptr) OK(cleave_hat_device_close(device));
}

void Ends::done(void *context, int32_t status) {
  Ends *ends = static_cast<Ends *>(context);
  std::lock_guard<std::mutex> held(ends->lock_);
  ends->statuses_.push_back(status);
  ends->changed_.notify_all();
}

bool Ends::wait(size_t count) {
  std::unique_lock<std::mutex> held(lock_);
  return changed_.wait_for(held, std::chrono::milliseconds(kLong), [&] { return statuses_.size() >= count; });
}

std::vector<int32_t> Ends::statuses() {
  std::lock_guard<std::mutex> held(lock_);
  return statuses_;
}

cleave_hat_open_handles open_handles() {
  cleave_hat_open_handles open = {-1, -1, -1, -1};
  OK(cleave_hat_count_open(&open));
  return open;
}

bool wait_for_no_transfers() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLong);
  while (open_handles().transfers != 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the ABI has no signal for this
  }
  return true;
}

const char *compiled_model() { return simulated() ? nullptr : std::getenv("CLEAVE_HAT_TEST_HEF"); }

int main(int argc, char **argv) {
  alarm(300);  // whatever hangs is ended, and fails
  const std::string only = argc > 1 ? argv[1] : "";
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const Case *each : cases()) {
    if (!only.empty() && only != each->name) continue;
    const char *lack = lacking(each->needs);
    if (lack != nullptr) {
      std::printf("skipped %s: it %s\n", each->name, lack);
      skipped++;
      continue;
    }
    const int before = failures;
    const auto began = std::chrono::steady_clock::now();
    each->body();
    const cleave_hat_open_handles open = open_handles();
    EXPECT(open.devices == 0 && open.models == 0 && open.sessions == 0 && open.transfers == 0);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    const bool right = failures == before;
    std::printf("%s %s (%.0f ms)\n", right ? "passed" : "FAILED", each->name, took.count());
    std::fflush(stdout);
    (right ? passed : failed)++;
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 && passed > 0 ? 0 : 1;
}

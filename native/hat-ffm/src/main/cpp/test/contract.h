/*
 * The contract of cleave_hat.h, checked through nothing but its functions, on whatever library is linked: the simulator,
 * or the one over the vendor's runtime. Cases that need what is not there are skipped, and said to be.
 */
#ifndef CLEAVE_HAT_CONTRACT_H
#define CLEAVE_HAT_CONTRACT_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cleave_hat_sim.h"
#include "model_file.h"

/** There where the library is the simulator. */
extern "C" int32_t cleave_hat_sim_configure(const char *text) __attribute__((weak));

/** What a case needs; Model is a device, and a file compiled for it that CLEAVE_HAT_TEST_HEF names. */
enum class Needs { Nothing, Simulator, Device, Model };

struct Case {
  Case(const char *name, Needs needs, void (*body)());
  const char *name;
  Needs needs;
  void (*body)();
};

#define CASE(name, needs)                                 \
  static void name();                                     \
  static const Case case_of_##name(#name, needs, name);   \
  static void name()

/** Notes a failure, and goes on. */
void expect(bool right, const char *what, const char *file, int line);
void expect_status(int32_t status, int32_t wanted, const char *what, const char *file, int line);

#define EXPECT(condition) expect((condition), #condition, __FILE__, __LINE__)
#define STATUS(call, wanted) expect_status((call), (wanted), #call, __FILE__, __LINE__)
#define OK(call) STATUS(call, CLEAVE_HAT_SUCCESS)

/** A generous deadline: for what comes when all is well. */
constexpr uint32_t kLong = 60000;

/** Settings of the simulator for as long as this lives. */
class Settings {
 public:
  explicit Settings(const std::string &text) { OK(cleave_hat_sim_configure(text.c_str())); }
  ~Settings() { cleave_hat_sim_configure(nullptr); }
  Settings(const Settings &) = delete;
  Settings &operator=(const Settings &) = delete;
};

/** Whole pages, filled with 0xA5. */
class Pages {
 public:
  explicit Pages(uint64_t bytes);
  ~Pages() { std::free(data_); }
  Pages(const Pages &) = delete;
  Pages &operator=(const Pages &) = delete;
  uint8_t *data() const { return static_cast<uint8_t *>(data_); }
  uint64_t bytes() const { return bytes_; }
  /** Whether nothing behind the first `used` bytes was written. */
  bool clean_behind(uint64_t used) const;

 private:
  void *data_ = nullptr;
  uint64_t bytes_;
};

/** Buffers for every edge of a model, the inputs with seeded numbers. */
class Buffers {
 public:
  Buffers(cleave_hat_model *model, uint32_t batch, uint64_t seed);
  std::vector<cleave_hat_buffer> list;
  std::vector<cleave_hat_edge_info> edges;
  std::vector<std::unique_ptr<Pages>> pages;

  uint32_t count() const { return static_cast<uint32_t>(list.size()); }
  std::vector<uint8_t> bytes(size_t edge) const;
  /** What the first output holds. */
  std::vector<uint8_t> output() const;
  /** All inputs one after the other. */
  std::vector<std::vector<uint8_t>> inputs() const;
  /** Whether the outputs are as they were made. */
  bool untouched() const;
  bool clean() const;
};

/** A device with a model and a session; closed in the right order. */
class Open {
 public:
  explicit Open(const std::vector<uint8_t> &file);
  ~Open();
  Open(const Open &) = delete;
  Open &operator=(const Open &) = delete;
  void close_session();

  cleave_hat_device *device = nullptr;
  cleave_hat_model *model = nullptr;
  cleave_hat_session *session = nullptr;
};

/** Told of the ends of asynchronous transfers. */
class Ends {
 public:
  static void done(void *context, int32_t status);
  /** Waits for so many; false where they do not come. */
  bool wait(size_t count);
  std::vector<int32_t> statuses();

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<int32_t> statuses_;
};

cleave_hat_open_handles open_handles();

/** Waits until no transfer is under way in this process; false where that does not come. */
bool wait_for_no_transfers();

/** What CLEAVE_HAT_TEST_HEF names; null on the simulator, whose models are made here. */
const char *compiled_model();

/** A small program: [16, 24] u16 and a mask of [1, 16] u8 in, [16, 24] u16 out. */
ModelFile small_model();

#endif

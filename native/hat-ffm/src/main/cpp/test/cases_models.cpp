/* Loading models, their edges, formats and batch. */
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

#include "contract.h"

namespace {

/** A file with these bytes, removed at the end. */
class Temporary {
 public:
  explicit Temporary(const std::vector<uint8_t> &bytes) {
    const int handle = mkstemp(path_);
    EXPECT(handle >= 0);
    EXPECT(write(handle, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    close(handle);
  }
  ~Temporary() { unlink(path_); }
  const char *path() const { return path_; }

 private:
  char path_[32] = "/tmp/cleave-hat-XXXXXX";
};

class Device {
 public:
  Device() { OK(cleave_hat_device_open(nullptr, &handle)); }
  ~Device() { OK(cleave_hat_device_close(handle)); }
  cleave_hat_device *handle = nullptr;

  /** From a file and from memory alike. */
  void refuses(const std::vector<uint8_t> &bytes, int32_t status) const {
    const Temporary file(bytes);
    cleave_hat_model *model = nullptr;
    STATUS(cleave_hat_model_load_file(handle, file.path(), &model), status);
    STATUS(cleave_hat_model_load_buffer(handle, bytes.empty() ? "" : static_cast<const void *>(bytes.data()),
                                        bytes.size(), &model),
           status);
    EXPECT(model == nullptr);
  }
};

}  // namespace

CASE(files_that_are_no_models_are_refused, Needs::Device) {
  const Device device;
  cleave_hat_model *model = nullptr;
  STATUS(cleave_hat_model_load_file(device.handle, "/no/such/file.hef", &model), CLEAVE_HAT_OPEN_FILE_FAILURE);
  STATUS(cleave_hat_model_load_file(device.handle, nullptr, &model), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_load_buffer(device.handle, nullptr, 8, &model), CLEAVE_HAT_INVALID_ARGUMENT);
  EXPECT(model == nullptr);
  device.refuses({}, CLEAVE_HAT_FILE_OPERATION_FAILURE);
  device.refuses(std::vector<uint8_t>(4096, 'j'), CLEAVE_HAT_HEF_NOT_SUPPORTED);
}

CASE(models_that_are_damaged_are_refused, Needs::Simulator) {
  const Device device;
  const std::vector<uint8_t> whole = small_model().file();
  cleave_hat_model *model = nullptr;
  STATUS(cleave_hat_model_load_file(device.handle, "/tmp", &model), CLEAVE_HAT_FILE_OPERATION_FAILURE);
  STATUS(cleave_hat_model_load_buffer(device.handle, whole.data(), whole.size(), nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  for (size_t length = 1; length < 200; length++) {
    device.refuses({whole.begin(), whole.begin() + static_cast<long>(length)}, CLEAVE_HAT_HEF_FILE_CORRUPTED);
  }
  device.refuses({whole.begin(), whole.end() - 1}, CLEAVE_HAT_HEF_FILE_CORRUPTED);
  std::vector<uint8_t> longer = whole;
  longer.push_back(0);
  device.refuses(longer, CLEAVE_HAT_HEF_FILE_CORRUPTED);
  std::vector<uint8_t> flipped = whole;
  flipped.back() ^= 1;
  device.refuses(flipped, CLEAVE_HAT_HEF_FILE_CORRUPTED);
  std::vector<uint8_t> version = whole;
  version[8] = 2;
  device.refuses(version, CLEAVE_HAT_HEF_NOT_SUPPORTED);
  device.refuses(small_model().file(5001), CLEAVE_HAT_INVALID_HEF);
  const Settings settings("hef_release=5003");
  device.refuses(whole, CLEAVE_HAT_INVALID_HEF);
  OK(cleave_hat_sim_configure("no_memory=1"));
  device.refuses(whole, CLEAVE_HAT_OUT_OF_HOST_MEMORY);
}

CASE(edges_are_described, Needs::Simulator) {
  const Device device;
  const Temporary file(small_model().file());
  cleave_hat_model *model = nullptr;
  OK(cleave_hat_model_load_file(device.handle, file.path(), &model));
  STATUS(cleave_hat_device_close(device.handle), CLEAVE_HAT_INVALID_OPERATION);
  uint32_t count = 0;
  OK(cleave_hat_model_edge_count(model, &count));
  EXPECT(count == 3);
  STATUS(cleave_hat_model_edge_count(model, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_edge_info x;
  cleave_hat_edge_info mask;
  cleave_hat_edge_info out;
  OK(cleave_hat_model_edge_info(model, 0, &x));
  OK(cleave_hat_model_edge_info(model, 1, &mask));
  OK(cleave_hat_model_edge_info(model, 2, &out));
  EXPECT(std::string(x.name) == "embeddings" && std::string(mask.name) == "mask");
  EXPECT(std::string(out.name) == "hidden_states");
  EXPECT(x.direction == CLEAVE_HAT_INPUT && mask.direction == CLEAVE_HAT_INPUT && out.direction == CLEAVE_HAT_OUTPUT);
  EXPECT(x.height == 1 && x.width == 16 && x.features == 24 && x.dtype == CLEAVE_HAT_UINT16 && x.frame_bytes == 768);
  EXPECT(mask.height == 1 && mask.width == 1 && mask.features == 16 && mask.dtype == CLEAVE_HAT_UINT8);
  EXPECT(mask.frame_bytes == 16 && mask.scale == 40 && mask.zero_point == 255 && mask.limit_low == -255 * 40);
  EXPECT(mask.limit_high == 0 && x.reserved == 0);
  EXPECT(std::fabs(x.limit_low + 30) < 1e-4F && std::fabs(x.limit_high - 35.535F) < 1e-4F);
  x.width = 77;
  STATUS(cleave_hat_model_edge_info(model, 3, &x), CLEAVE_HAT_NOT_FOUND);
  STATUS(cleave_hat_model_edge_info(model, UINT32_MAX, &x), CLEAVE_HAT_NOT_FOUND);
  EXPECT(x.width == 77);
  STATUS(cleave_hat_model_edge_info(model, 0, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  {
    const Settings settings("per_feature=1");
    OK(cleave_hat_model_edge_info(model, 0, &x));
    EXPECT(x.scale == 0 && x.zero_point == 0 && x.limit_low == 0 && x.limit_high == 0);
  }
  OK(cleave_hat_model_free(model));
}

CASE(an_identity_has_no_limits, Needs::Simulator) {
  ModelFile plain;
  plain.edge("in", 0, plain.activation(U8, {2, 8}, 1, 0));
  plain.edge("out", 1, plain.activation(U8, {2, 8}, 1, 0));
  plain.node(ACTIVATION, 1, {0}, 1);
  const Open open(plain.file());
  cleave_hat_edge_info info;
  OK(cleave_hat_model_edge_info(open.model, 0, &info));
  EXPECT(info.scale == 1 && info.zero_point == 0 && info.limit_low == 0 && info.limit_high == 0);
}

CASE(formats_that_an_edge_cannot_hold_are_refused, Needs::Simulator) {
  const Device device;
  const std::vector<uint8_t> file = small_model().file();
  cleave_hat_model *model = nullptr;
  OK(cleave_hat_model_load_buffer(device.handle, file.data(), file.size(), &model));
  STATUS(cleave_hat_model_set_format(model, "mask", CLEAVE_HAT_UINT16), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_format(model, "mask", 0), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_format(model, "mask", 9), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_format(model, "embeddings", CLEAVE_HAT_UINT8), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_format(model, "other", CLEAVE_HAT_UINT8), CLEAVE_HAT_NOT_FOUND);
  STATUS(cleave_hat_model_set_format(model, nullptr, CLEAVE_HAT_UINT8), CLEAVE_HAT_INVALID_ARGUMENT);
  OK(cleave_hat_model_set_format(model, "mask", CLEAVE_HAT_FLOAT32));
  cleave_hat_edge_info info;
  OK(cleave_hat_model_edge_info(model, 1, &info));
  EXPECT(info.dtype == CLEAVE_HAT_FLOAT32 && info.frame_bytes == 64 && info.scale == 40);
  OK(cleave_hat_model_set_format(model, "mask", CLEAVE_HAT_UINT8));
  STATUS(cleave_hat_model_set_batch(model, 0), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_batch(model, CLEAVE_HAT_MAX_BATCH + 1), CLEAVE_HAT_INVALID_ARGUMENT);
  OK(cleave_hat_model_set_batch(model, CLEAVE_HAT_MAX_BATCH));
  cleave_hat_session *session = nullptr;
  OK(cleave_hat_session_open(model, &session));
  STATUS(cleave_hat_model_set_batch(model, 1), CLEAVE_HAT_INVALID_OPERATION);
  STATUS(cleave_hat_model_set_format(model, "mask", CLEAVE_HAT_UINT8), CLEAVE_HAT_INVALID_OPERATION);
  STATUS(cleave_hat_model_free(model), CLEAVE_HAT_INVALID_OPERATION);
  STATUS(cleave_hat_session_open(model, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  OK(cleave_hat_session_close(session));
  OK(cleave_hat_model_set_batch(model, 1));
  OK(cleave_hat_model_free(model));
}

CASE(transfers_that_are_too_large_do_not_open, Needs::Simulator) {
  ModelFile large;
  large.edge("in", 0, large.activation(U8, {4096, 4096}, 1, 0));
  large.edge("out", 1, large.activation(U8, {4096, 4096}, 1, 0));
  large.node(ACTIVATION, 1, {0}, 1);
  const std::vector<uint8_t> file = large.file();
  const Device device;
  cleave_hat_model *model = nullptr;
  OK(cleave_hat_model_load_buffer(device.handle, file.data(), file.size(), &model));
  cleave_hat_session *session = nullptr;
  OK(cleave_hat_model_set_batch(model, 3));
  STATUS(cleave_hat_session_open(model, &session), CLEAVE_HAT_INVALID_OPERATION);
  OK(cleave_hat_model_set_batch(model, 1));
  OK(cleave_hat_model_set_format(model, "in", CLEAVE_HAT_FLOAT32));
  STATUS(cleave_hat_session_open(model, &session), CLEAVE_HAT_INVALID_OPERATION);
  EXPECT(session == nullptr);
  OK(cleave_hat_model_set_format(model, "in", CLEAVE_HAT_UINT8));
  OK(cleave_hat_session_open(model, &session));
  OK(cleave_hat_session_close(session));
  OK(cleave_hat_model_free(model));
}

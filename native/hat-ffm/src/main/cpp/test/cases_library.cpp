/* The library and its devices. */
#include <cmath>
#include <cstring>
#include <set>
#include <string>

#include "contract.h"

ModelFile small_model() {
  Random random(24);
  ModelFile model;
  const uint32_t x = model.activation(U16, {16, 24}, 0.001F, 30000);
  const uint32_t mask = model.activation(U8, {1, 16}, 40.0F, 255);
  std::vector<int32_t> values;
  std::vector<float> scales;
  std::vector<int32_t> bias;
  for (int i = 0; i < 24 * 24; i++) values.push_back(random.between(-127, 127));
  for (int i = 0; i < 24; i++) scales.push_back(random.real(0.001F, 0.01F));
  for (int i = 0; i < 24; i++) bias.push_back(random.between(-100000, 100000));
  const uint32_t w = model.weights(S8, 24, 24, values, scales);
  const uint32_t b = model.constant(S32, {24}, 0, 0, bias);
  const uint32_t linear = model.activation(U16, {16, 24}, 0.01F, 32000);
  const uint32_t scores = model.activation(U16, {3, 16, 16}, 0.01F, 32768);
  const uint32_t shares = model.activation(U16, {3, 16, 16}, 1.0F / 65535, 0);
  const uint32_t mixed = model.activation(U16, {16, 24}, 0.01F, 32000);
  const uint32_t sum = model.activation(U16, {16, 24}, 0.01F, 31000);
  model.edge("embeddings", 0, x);
  model.edge("mask", 0, mask);
  model.edge("hidden_states", 1, sum);
  model.node(LINEAR, linear, {x, w, b});
  model.node(SCORES, scores, {linear, linear}, 3, 0.01F);
  model.node(SOFTMAX, shares, {scores, kNothing, mask});
  model.node(MIX, mixed, {shares, linear});
  model.node(ADD, sum, {mixed, x});
  return model;
}

CASE(library_says_its_version, Needs::Nothing) {
  EXPECT(cleave_hat_abi_version() == CLEAVE_HAT_ABI_VERSION);
  uint64_t needed = 0;
  STATUS(cleave_hat_library_version(nullptr, 0, &needed), CLEAVE_HAT_INSUFFICIENT_BUFFER);
  EXPECT(needed > 1 && needed < 64);
  std::string version(needed, 'x');
  STATUS(cleave_hat_library_version(&version[0], needed - 1, &needed), CLEAVE_HAT_INSUFFICIENT_BUFFER);
  OK(cleave_hat_library_version(&version[0], needed, &needed));
  EXPECT(std::strlen(version.c_str()) + 1 == needed);
  STATUS(cleave_hat_library_version(&version[0], needed, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_library_version(nullptr, 8, &needed), CLEAVE_HAT_INVALID_ARGUMENT);
}

CASE(statuses_have_names, Needs::Nothing) {
  const int32_t known[] = {0, 2, 3, 4, 5, 6, 7, 8, 13, 14, 26, 61, 62, 64, 73, 74, 76, 82, 91, 92, 95};
  std::set<std::string> names;
  for (int32_t status : known) names.insert(cleave_hat_status_name(status));
  EXPECT(names.size() == sizeof(known) / sizeof(known[0]));
  EXPECT(names.count("UNKNOWN") == 0 && names.count("COMMUNICATION_CLOSED") == 1);
  EXPECT(std::string(cleave_hat_status_name(4)) == "TIMEOUT");
  for (int32_t status : {-1, 9999, INT32_MAX, INT32_MIN}) {
    EXPECT(std::string(cleave_hat_status_name(status)) == "UNKNOWN");
  }
}

CASE(null_is_refused, Needs::Nothing) {
  uint32_t count = 77;
  cleave_hat_device_id id;
  STATUS(cleave_hat_count_open(nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_scan(&id, 1, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_scan(nullptr, 1, &count), CLEAVE_HAT_INVALID_ARGUMENT);
  EXPECT(count == 77);
  STATUS(cleave_hat_device_open(nullptr, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_device_info info;
  cleave_hat_telemetry telemetry;
  STATUS(cleave_hat_device_info_of(nullptr, &info), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_device_telemetry(nullptr, &telemetry), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_device_close(nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_model *model = nullptr;
  STATUS(cleave_hat_model_load_file(nullptr, "x", &model), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_load_buffer(nullptr, "x", 1, &model), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_edge_info edge;
  STATUS(cleave_hat_model_edge_count(nullptr, &count), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_edge_info(nullptr, 0, &edge), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_format(nullptr, "x", CLEAVE_HAT_UINT8), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_set_batch(nullptr, 1), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_model_free(nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_session *session = nullptr;
  const cleave_hat_buffer buffer = {"x", &count, 4};
  STATUS(cleave_hat_session_open(nullptr, &session), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_queue_size(nullptr, &count), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_run(nullptr, &buffer, 1, 10), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_wait_ready(nullptr, 1, 10), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_run_async(nullptr, &buffer, 1, Ends::done, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_shutdown(nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  STATUS(cleave_hat_session_close(nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  EXPECT(model == nullptr && session == nullptr && count == 77);
}

CASE(scan_counts_and_names_devices, Needs::Device) {
  uint32_t count = 0;
  STATUS(cleave_hat_scan(nullptr, 0, &count), CLEAVE_HAT_INSUFFICIENT_BUFFER);
  EXPECT(count >= 1);
  std::vector<cleave_hat_device_id> ids(count);
  OK(cleave_hat_scan(ids.data(), count, &count));
  std::set<std::string> names;
  for (const cleave_hat_device_id &id : ids) names.insert(id.name);
  EXPECT(names.size() == count && names.count("") == 0);
}

CASE(an_unknown_device_is_refused, Needs::Nothing) {
  cleave_hat_device *device = nullptr;
  const int32_t status = cleave_hat_device_open("ffff:ff:1f.7", &device);
  EXPECT(status == CLEAVE_HAT_INVALID_ARGUMENT || status == CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES ||
         status == CLEAVE_HAT_DRIVER_NOT_INSTALLED);
  EXPECT(device == nullptr);
}

CASE(no_device_is_said, Needs::Simulator) {
  const Settings settings("devices=0");
  uint32_t count = 77;
  OK(cleave_hat_scan(nullptr, 0, &count));
  EXPECT(count == 0);
  cleave_hat_device *device = nullptr;
  STATUS(cleave_hat_device_open(nullptr, &device), CLEAVE_HAT_OUT_OF_PHYSICAL_DEVICES);
  EXPECT(device == nullptr);
}

CASE(devices_open_for_one_alone, Needs::Simulator) {
  const Settings settings("devices=2");
  cleave_hat_device *first = nullptr;
  cleave_hat_device *second = nullptr;
  cleave_hat_device *third = nullptr;
  STATUS(cleave_hat_device_open("no such", &first), CLEAVE_HAT_INVALID_ARGUMENT);
  OK(cleave_hat_device_open("0002:01:00.0", &second));
  STATUS(cleave_hat_device_open("0002:01:00.0", &third), CLEAVE_HAT_DEVICE_IN_USE);
  OK(cleave_hat_device_open(nullptr, &first));
  STATUS(cleave_hat_device_open(nullptr, &third), CLEAVE_HAT_DEVICE_IN_USE);
  EXPECT(third == nullptr && open_handles().devices == 2);
  OK(cleave_hat_device_close(first));
  OK(cleave_hat_device_open(nullptr, &third));
  OK(cleave_hat_device_close(second));
  OK(cleave_hat_device_close(third));
}

CASE(a_device_that_cannot_be_opened_says_why, Needs::Simulator) {
  const std::pair<const char *, int32_t> rows[] = {{"busy=1", CLEAVE_HAT_DEVICE_IN_USE},
                                                   {"driver_mismatch=1", CLEAVE_HAT_INVALID_DRIVER_VERSION},
                                                   {"driver_missing=1", CLEAVE_HAT_DRIVER_NOT_INSTALLED}};
  for (const auto &[settings_text, status] : rows) {
    const Settings settings(settings_text);
    cleave_hat_device *device = nullptr;
    STATUS(cleave_hat_device_open(nullptr, &device), status);
    EXPECT(device == nullptr);
  }
  const Settings settings("driver_missing=1");
  uint32_t count = 77;
  STATUS(cleave_hat_scan(nullptr, 0, &count), CLEAVE_HAT_DRIVER_NOT_INSTALLED);
  EXPECT(count == 77);
}

CASE(a_device_describes_itself, Needs::Device) {
  cleave_hat_device *device = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  cleave_hat_device_info info;
  OK(cleave_hat_device_info_of(device, &info));
  EXPECT(std::string(info.architecture) == "HAILO10H");
  STATUS(cleave_hat_device_info_of(device, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  cleave_hat_telemetry telemetry;
  OK(cleave_hat_device_telemetry(device, &telemetry));
  EXPECT(std::isnan(telemetry.temperature_celsius) ||
         (telemetry.temperature_celsius > -50 && telemetry.temperature_celsius < 150));
  EXPECT(telemetry.throttled >= -1 && telemetry.throttled <= 1);
  STATUS(cleave_hat_device_telemetry(device, nullptr), CLEAVE_HAT_INVALID_ARGUMENT);
  OK(cleave_hat_device_close(device));
}

CASE(sensors_may_be_missing, Needs::Simulator) {
  const Settings settings("temperature=91,throttled=1,no_power_sensor=1");
  cleave_hat_device *device = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  cleave_hat_telemetry telemetry;
  OK(cleave_hat_device_telemetry(device, &telemetry));
  EXPECT(telemetry.temperature_celsius == 91 && telemetry.throttled == 1 && std::isnan(telemetry.power_watts));
  OK(cleave_hat_sim_configure("no_telemetry=1,no_temperature_sensor=1"));
  OK(cleave_hat_device_telemetry(device, &telemetry));
  EXPECT(std::isnan(telemetry.temperature_celsius) && std::isnan(telemetry.utilisation) && telemetry.throttled == -1);
  EXPECT(telemetry.power_watts > 0 && telemetry.power_watts < 2);
  OK(cleave_hat_device_close(device));
}

CASE(telemetry_may_time_out_for_nothing, Needs::Simulator) {
  const Settings settings("spurious_timeout_every=2,reply_timeout_ms=20");
  cleave_hat_device *device = nullptr;
  OK(cleave_hat_device_open(nullptr, &device));
  cleave_hat_telemetry telemetry = {1, 2, 3, 4};
  OK(cleave_hat_device_telemetry(device, &telemetry));
  telemetry.throttled = 77;
  STATUS(cleave_hat_device_telemetry(device, &telemetry), CLEAVE_HAT_TIMEOUT);
  EXPECT(telemetry.throttled == 77);
  OK(cleave_hat_device_telemetry(device, &telemetry));
  OK(cleave_hat_device_close(device));
}

CASE(settings_that_do_not_exist_change_nothing, Needs::Simulator) {
  const Settings settings("devices=3");
  for (const char *wrong : {"devises=1", "devices=", "devices=x", "devices=9", "queue=0", "devices=2,late_us=-2"}) {
    STATUS(cleave_hat_sim_configure(wrong), CLEAVE_HAT_INVALID_ARGUMENT);
  }
  uint32_t count = 0;
  STATUS(cleave_hat_scan(nullptr, 0, &count), CLEAVE_HAT_INSUFFICIENT_BUFFER);
  EXPECT(count == 3);
  OK(cleave_hat_sim_configure(" devices = 2 # two\n\n# nothing\nqueue=1,,busy=0"));
  STATUS(cleave_hat_scan(nullptr, 0, &count), CLEAVE_HAT_INSUFFICIENT_BUFFER);
  EXPECT(count == 2);
}

/* Models: load, edges, formats, free. */
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "sim_chip.h"

using namespace cleave_sim;

namespace {

/** As large as the vendor's files get; checked before anything is allocated. */
constexpr uint64_t kMostFileBytes = uint64_t{4} << 30;

std::vector<uint8_t> read_file(const char *path) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path, "rb"), std::fclose);
  if (file == nullptr) throw Refused{CLEAVE_HAT_OPEN_FILE_FAILURE};
  if (std::fseek(file.get(), 0, SEEK_END) != 0) throw Refused{CLEAVE_HAT_FILE_OPERATION_FAILURE};
  const long bytes = std::ftell(file.get());
  if (bytes <= 0 || static_cast<uint64_t>(bytes) > kMostFileBytes || std::fseek(file.get(), 0, SEEK_SET) != 0) {
    throw Refused{CLEAVE_HAT_FILE_OPERATION_FAILURE};
  }
  std::vector<uint8_t> data(static_cast<size_t>(bytes));
  if (std::fread(data.data(), 1, data.size(), file.get()) != data.size()) {
    throw Refused{CLEAVE_HAT_FILE_OPERATION_FAILURE};
  }
  return data;
}

/** What can be refused before the file is looked at. */
uint32_t ready(Library &library, const cleave_hat_device *device) {
  if (device->lost) throw Refused{CLEAVE_HAT_COMMUNICATION_CLOSED};
  if (library.faults.config().no_memory != 0) throw Refused{CLEAVE_HAT_OUT_OF_HOST_MEMORY};
  return static_cast<uint32_t>(library.faults.config().hef_release);
}

template <typename Source>
int32_t load(cleave_hat_device *device, cleave_hat_model **out, Source source) {
  return guarded([&](Library &library, auto &held) {
    const uint32_t release = ready(library, device);
    auto model = std::make_unique<cleave_hat_model>();
    device->models++;  // so that the device stays while the lock is not held
    held.unlock();
    try {
      model->device = device;
      model->model = read_model(source(), release);
      for (const Edge &edge : model->model.edges) {
        model->formats.push_back(model->model.of(edge).dtype == Dtype::U8 ? CLEAVE_HAT_UINT8 : CLEAVE_HAT_UINT16);
      }
    } catch (...) {
      held.lock();
      device->models--;
      throw;
    }
    held.lock();
    library.open.models++;
    *out = model.release();
    return CLEAVE_HAT_SUCCESS;
  });
}

size_t find_edge(const cleave_hat_model *model, const char *name) {
  const std::vector<Edge> &edges = model->model.edges;
  const auto edge = std::find_if(edges.begin(), edges.end(), [&](const Edge &e) { return e.name == name; });
  if (edge == edges.end()) throw Refused{CLEAVE_HAT_NOT_FOUND};
  return static_cast<size_t>(edge - edges.begin());
}

}  // namespace

extern "C" {

int32_t cleave_hat_model_load_file(cleave_hat_device *device, const char *path, cleave_hat_model **out) {
  if (device == nullptr || path == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return load(device, out, [&] { return read_file(path); });
}

int32_t cleave_hat_model_load_buffer(
    cleave_hat_device *device, const void *data, uint64_t bytes, cleave_hat_model **out) {
  if (device == nullptr || data == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  if (bytes == 0 || bytes > kMostFileBytes) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
  const uint8_t *from = static_cast<const uint8_t *>(data);
  return load(device, out, [&] { return std::vector<uint8_t>(from, from + bytes); });
}

int32_t cleave_hat_model_edge_count(cleave_hat_model *model, uint32_t *out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  *out = static_cast<uint32_t>(model->model.edges.size());
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_model_edge_info(cleave_hat_model *model, uint32_t index, cleave_hat_edge_info *out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &library, auto &) {
    if (index >= model->model.edges.size()) return CLEAVE_HAT_NOT_FOUND;
    const Edge &edge = model->model.edges[index];
    const Tensor &tensor = model->model.of(edge);
    cleave_hat_edge_info info = {};
    std::memcpy(info.name, edge.name.c_str(), edge.name.size() + 1);
    info.direction = edge.input ? CLEAVE_HAT_INPUT : CLEAVE_HAT_OUTPUT;
    info.dtype = model->formats[index];
    info.height = 1;
    info.width = tensor.sizes[0];
    info.features = tensor.sizes[1];
    info.frame_bytes = model->frame_bytes(index);
    const bool identity = tensor.scale == 1.0F && tensor.zero_point == 0;
    if (library.faults.config().per_feature == 0) {
      info.scale = tensor.scale;
      info.zero_point = static_cast<float>(tensor.zero_point);
    }
    if (library.faults.config().per_feature == 0 && !identity) {
      info.limit_low = static_cast<float>(-tensor.zero_point) * tensor.scale;
      info.limit_high = static_cast<float>(tensor.highest() - tensor.zero_point) * tensor.scale;
    }
    *out = info;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_model_set_format(cleave_hat_model *model, const char *edge, int32_t dtype) {
  if (model == nullptr || edge == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &, auto &) {
    const size_t index = find_edge(model, edge);
    const bool narrow = model->model.of(model->model.edges[index]).dtype == Dtype::U8;
    if (dtype != CLEAVE_HAT_FLOAT32 && dtype != (narrow ? CLEAVE_HAT_UINT8 : CLEAVE_HAT_UINT16)) {
      return CLEAVE_HAT_INVALID_ARGUMENT;
    }
    if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
    model->formats[index] = dtype;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_model_set_batch(cleave_hat_model *model, uint32_t frames) {
  if (model == nullptr || frames < 1 || frames > CLEAVE_HAT_MAX_BATCH) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&](Library &, auto &) {
    if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
    model->batch = frames;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_model_free(cleave_hat_model *model) {
  if (model == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  const int32_t status = guarded([&](Library &library, auto &) {
    if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
    model->device->models--;
    library.open.models--;
    return CLEAVE_HAT_SUCCESS;
  });
  if (status == CLEAVE_HAT_SUCCESS) delete model;
  return status;
}

}  // extern "C"

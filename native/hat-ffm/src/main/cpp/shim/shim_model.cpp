/* Models: load, edges, formats, free. */
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "shim.h"

using namespace cleave_shim;

namespace {

/** What the vendor's RPC carries at most, in one message. */
constexpr uint64_t kMostFileBytes = UINT32_MAX;

int32_t dtype_of(hailo_format_type_t type) {
  switch (type) {
    case HAILO_FORMAT_TYPE_UINT8:
      return CLEAVE_HAT_UINT8;
    case HAILO_FORMAT_TYPE_UINT16:
      return CLEAVE_HAT_UINT16;
    default:
      return CLEAVE_HAT_FLOAT32;
  }
}

void add_edges(cleave_hat_model &model, const std::vector<hailort::InferModel::InferStream> &streams, bool input) {
  for (hailort::InferModel::InferStream stream : streams) {
    const hailo_format_type_t native = stream.format().type;
    Edge edge = {stream, stream.name(), input, native, dtype_of(native)};
    // Said, and not left to the vendor's default, which is another one for some kinds of outputs.
    if (native == HAILO_FORMAT_TYPE_AUTO) edge.stream.set_format_type(HAILO_FORMAT_TYPE_FLOAT32);
    model.edges.push_back(std::move(edge));
  }
}

/** Loads what lies in whole pages; `bytes` is more than 0, as the vendor's parser must never see none. */
int32_t load(cleave_hat_device *device, std::unique_ptr<Pages> file, uint64_t bytes, cleave_hat_model **out) {
  const hailort::MemoryView view(file->data(), bytes);
  {
    // Looked at here first, so that junk is not sent to the chip.
    auto parsed = hailort::Hef::create(view);
    if (!parsed) return status_of(parsed.status());
  }
  auto loaded = device->vdevice->create_infer_model(view, "");
  if (!loaded) return status_of(loaded.status());
  auto model = std::make_unique<cleave_hat_model>();
  model->device = device;
  model->file = std::move(file);
  model->model = loaded.release();
  add_edges(*model, model->model->inputs(), true);
  add_edges(*model, model->model->outputs(), false);
  {
    const std::lock_guard<std::mutex> held(device->lock);
    device->models++;
  }
  counts().models++;
  *out = model.release();
  return CLEAVE_HAT_SUCCESS;
}

hailo_quant_info_t quantisation_of(const Edge &edge) {
  const std::vector<hailo_quant_info_t> all = edge.stream.get_quant_infos();
  // One for the whole edge; else it is per feature, which zeros say.
  return all.size() == 1 ? all.front() : hailo_quant_info_t{0, 0, 0, 0};
}

}  // namespace

extern "C" {

int32_t cleave_hat_model_load_file(cleave_hat_device *device, const char *path, cleave_hat_model **out) {
  if (device == nullptr || path == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path, "rb"), std::fclose);
    if (file == nullptr) return CLEAVE_HAT_OPEN_FILE_FAILURE;
    if (std::fseek(file.get(), 0, SEEK_END) != 0) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
    const long end = std::ftell(file.get());
    if (end <= 0 || static_cast<uint64_t>(end) > kMostFileBytes) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
    if (std::fseek(file.get(), 0, SEEK_SET) != 0) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
    const size_t bytes = static_cast<size_t>(end);
    auto pages = std::make_unique<Pages>(bytes);
    if (std::fread(pages->data(), 1, bytes, file.get()) != bytes) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
    return load(device, std::move(pages), bytes, out);
  });
}

int32_t cleave_hat_model_load_buffer(
    cleave_hat_device *device, const void *data, uint64_t bytes, cleave_hat_model **out) {
  if (device == nullptr || data == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  if (bytes == 0 || bytes > kMostFileBytes) return CLEAVE_HAT_FILE_OPERATION_FAILURE;
  return guarded([&]() -> int32_t {
    auto pages = std::make_unique<Pages>(bytes);
    std::memcpy(pages->data(), data, bytes);
    return load(device, std::move(pages), bytes, out);
  });
}

int32_t cleave_hat_model_edge_count(cleave_hat_model *model, uint32_t *out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  *out = static_cast<uint32_t>(model->edges.size());
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_model_edge_info(cleave_hat_model *model, uint32_t index, cleave_hat_edge_info *out) {
  if (model == nullptr || out == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::lock_guard<std::mutex> held(model->lock);
    if (index >= model->edges.size()) return CLEAVE_HAT_NOT_FOUND;
    const Edge &edge = model->edges[index];
    if (edge.name.size() >= CLEAVE_HAT_NAME_BYTES) return CLEAVE_HAT_INTERNAL_FAILURE;
    const hailo_3d_image_shape_t shape = edge.stream.shape();
    const hailo_quant_info_t quantisation = quantisation_of(edge);
    cleave_hat_edge_info info = {};
    std::memcpy(info.name, edge.name.c_str(), edge.name.size() + 1);
    info.direction = edge.input ? CLEAVE_HAT_INPUT : CLEAVE_HAT_OUTPUT;
    info.dtype = edge.dtype;
    info.height = shape.height;
    info.width = shape.width;
    info.features = shape.features;
    info.frame_bytes = edge.frame_bytes();
    info.scale = quantisation.qp_scale;
    info.zero_point = quantisation.qp_zp;
    info.limit_low = quantisation.limvals_min;
    info.limit_high = quantisation.limvals_max;
    *out = info;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_model_set_format(cleave_hat_model *model, const char *edge, int32_t dtype) {
  if (model == nullptr || edge == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    const std::lock_guard<std::mutex> held(model->lock);
    const auto found =
        std::find_if(model->edges.begin(), model->edges.end(), [&](const Edge &e) { return e.name == edge; });
    if (found == model->edges.end()) return CLEAVE_HAT_NOT_FOUND;
    // The vendor's setter takes everything, and fails when the model is configured.
    if (dtype != CLEAVE_HAT_FLOAT32 && dtype != dtype_of(found->native)) return CLEAVE_HAT_INVALID_ARGUMENT;
    if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
    found->stream.set_format_type(dtype == CLEAVE_HAT_FLOAT32 ? HAILO_FORMAT_TYPE_FLOAT32 : found->native);
    found->dtype = dtype;
    return CLEAVE_HAT_SUCCESS;
  });
}

int32_t cleave_hat_model_set_batch(cleave_hat_model *model, uint32_t frames) {
  if (model == nullptr || frames < 1 || frames > CLEAVE_HAT_MAX_BATCH) return CLEAVE_HAT_INVALID_ARGUMENT;
  const std::lock_guard<std::mutex> held(model->lock);
  if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
  model->batch = frames;
  return CLEAVE_HAT_SUCCESS;
}

int32_t cleave_hat_model_free(cleave_hat_model *model) {
  if (model == nullptr) return CLEAVE_HAT_INVALID_ARGUMENT;
  return guarded([&]() -> int32_t {
    {
      const std::lock_guard<std::mutex> held(model->lock);
      if (model->sessions > 0) return CLEAVE_HAT_INVALID_OPERATION;
    }
    cleave_hat_device *device = model->device;
    delete model;
    {
      const std::lock_guard<std::mutex> held(device->lock);
      device->models--;
    }
    counts().models--;
    return CLEAVE_HAT_SUCCESS;
  });
}

}  // extern "C"

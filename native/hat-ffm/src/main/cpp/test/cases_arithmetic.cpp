/* Each operation, and a whole encoder, against the plain reference: bit for bit. */
#include <cstdio>
#include <string>

#include "contract.h"

namespace {

struct Shape {
  uint32_t length;
  uint32_t heads;
  uint32_t each;
};

/** Lengths off every width that a processor's registers have. */
const Shape kShapes[] = {{8, 1, 8}, {1, 1, 8}, {7, 2, 4}, {13, 1, 16}, {24, 3, 8}, {16, 2, 52}};

class Trial {
 public:
  Trial(uint64_t seed, Shape shape, uint32_t dtype) : random(seed), shape_(shape), dtype_(dtype) {}

  uint32_t width() const { return shape_.heads * shape_.each; }
  uint32_t highest() const { return dtype_ == U8 ? 255 : 65535; }

  /** What stands for about -range to range. */
  uint32_t activation(float range) {
    const float scale = 2 * range / static_cast<float>(highest());
    return model.activation(dtype_, {shape_.length, width()}, scale,
                            random.between(0, static_cast<int32_t>(highest())));
  }

  uint32_t square(float range, bool shares) {
    const int32_t zero = shares ? 0 : static_cast<int32_t>(highest() / 2);
    const float scale = (shares ? 1 : 2 * range) / static_cast<float>(highest());
    return model.activation(dtype_, {shape_.heads, shape_.length, shape_.length}, scale, zero);
  }

  uint32_t weights(uint32_t dtype, uint32_t rows, uint32_t columns) {
    const int32_t most = dtype == S8 ? 127 : 32767;
    std::vector<int32_t> values;
    std::vector<float> scales;
    for (uint32_t i = 0; i < rows * columns; i++) values.push_back(random.between(-most - 1, most));
    for (uint32_t i = 0; i < rows; i++) scales.push_back(random.real(0.1F, 1) / static_cast<float>(most));
    return model.weights(dtype, rows, columns, values, scales);
  }

  std::vector<float> reals(uint32_t count, float low, float high) {
    std::vector<float> values;
    for (uint32_t i = 0; i < count; i++) values.push_back(random.real(low, high));
    return values;
  }

  void check(uint64_t seed) {
    const Open open(model.file());
    if (open.session == nullptr) return;
    for (uint64_t i = 0; i < 3; i++) {
      const Buffers buffers(open.model, 1, seed + i);
      OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
      EXPECT(buffers.output() == model.expected(buffers.inputs()) && buffers.clean());
    }
  }

  ModelFile model;
  Random random;

 private:
  Shape shape_;
  uint32_t dtype_;
};

template <typename Body>
void every_shape(Body body) {
  uint64_t seed = 1000;
  for (const Shape &shape : kShapes) {
    for (uint32_t dtype : {U8, U16}) {
      Trial trial(seed, shape, dtype);
      body(trial, shape, dtype);
      trial.check(seed);
      seed += 10;
    }
  }
}

}  // namespace

CASE(linear_is_exact, Needs::Simulator) {
  for (uint32_t kind : {S8, S16}) {
    every_shape([&](Trial &t, Shape shape, uint32_t dtype) {
      t.model.edge("x", 0, t.activation(3));
      const uint32_t out = t.model.activation(dtype, {shape.length, 24}, 0.01F * 65535 / t.highest(), t.highest() / 3);
      t.model.edge("y", 1, out);
      const uint32_t w = t.weights(kind, 24, t.width());
      if (shape.length % 2 == 0) {
        t.model.node(LINEAR, out, {0, w});
        return;
      }
      std::vector<int32_t> bias;
      for (int i = 0; i < 24; i++) bias.push_back(t.random.between(INT32_MIN / 2, INT32_MAX / 2));
      t.model.node(LINEAR, out, {0, w, t.model.constant(S32, {24}, 0, 0, bias)});
    });
  }
}

CASE(linear_does_not_overflow, Needs::Simulator) {
  // The largest products that there are, over more of them than an int32 holds.
  for (uint32_t kind : {S8, S16}) {
    for (const int32_t zero : {0, 65535}) {
      ModelFile model;
      const uint32_t columns = 3000;
      model.edge("x", 0, model.activation(U16, {4, columns}, 1, zero));
      model.edge("y", 1, model.activation(U16, {4, 4}, 1e9F, 32768));
      const int32_t least = kind == S8 ? -128 : -32768;
      model.weights(kind, 4, columns, std::vector<int32_t>(4 * columns, least), std::vector<float>(4, 1));
      model.node(LINEAR, 1, {0, 2});
      const Open open(model.file());
      const Buffers buffers(open.model, 1, 1);
      for (uint64_t i = 0; i < buffers.list[0].bytes; i++) buffers.pages[0]->data()[i] = zero == 0 ? 255 : 0;
      OK(cleave_hat_session_run(open.session, buffers.list.data(), 2, kLong));
      EXPECT(buffers.output() == model.expected(buffers.inputs()));
    }
  }
}

CASE(scores_and_mix_are_exact, Needs::Simulator) {
  every_shape([](Trial &t, Shape shape, uint32_t) {
    t.model.edge("q", 0, t.activation(3));
    t.model.edge("k", 0, t.activation(2));
    t.model.edge("v", 0, t.activation(4));
    const uint32_t out = t.activation(60);
    t.model.edge("y", 1, out);
    const uint32_t scores = t.square(20, false);
    t.model.node(SCORES, scores, {0, 1}, shape.heads, 0.3F);
    t.model.node(MIX, out, {scores, 2});
  });
}

CASE(softmax_is_as_described, Needs::Simulator) {
  every_shape([](Trial &t, Shape shape, uint32_t dtype) {
    const uint32_t n = shape.heads * shape.length * shape.length;
    t.model.edge("x", 0, t.activation(3));
    const uint32_t mask = t.model.activation(U16, {1, (shape.length + 3) / 4 * 4}, 0.5F, 65535);
    const bool masked = shape.length % 4 == 0;
    t.model.edge("mask", 0, mask);
    const uint32_t out = t.activation(2);
    t.model.edge("y", 1, out);
    const uint32_t scores = t.square(20, false);
    const uint32_t shares = t.square(1, true);
    uint32_t bias = kNothing;
    if (dtype == U16) {
      bias = t.model.floats({shape.heads, shape.length, shape.length}, t.reals(n, -3, 3));
    } else if (shape.heads > 1) {
      std::vector<int32_t> values;
      for (uint32_t i = 0; i < n; i++) values.push_back(t.random.between(0, 255));
      bias = t.model.constant(U8, {shape.heads, shape.length, shape.length}, 0.02F, 128, values);
    }
    t.model.node(SCORES, scores, {0, 0}, shape.heads, 0.3F);
    t.model.node(SOFTMAX, shares, {scores, bias, masked ? mask : kNothing});
    t.model.node(MIX, out, {shares, 0});
  });
}

CASE(norms_are_as_described, Needs::Simulator) {
  for (uint32_t operation : {RMS_NORM, LAYER_NORM}) {
    every_shape([&](Trial &t, Shape, uint32_t) {
      t.model.edge("x", 0, t.activation(3));
      const uint32_t out = t.activation(4);
      t.model.edge("y", 1, out);
      const uint32_t gamma = t.model.floats({t.width()}, t.reals(t.width(), -2, 2));
      const uint32_t beta = t.model.floats({t.width()}, t.reals(t.width(), -1, 1));
      if (operation == RMS_NORM) {
        t.model.node(RMS_NORM, out, {0, gamma}, 0, 1e-6F);
      } else {
        t.model.node(LAYER_NORM, out, {0, gamma, beta}, 0, 0);
      }
    });
  }
}

CASE(sums_products_and_functions_are_as_described, Needs::Simulator) {
  for (uint32_t kind = 1; kind <= 4; kind++) {
    every_shape([&](Trial &t, Shape shape, uint32_t dtype) {
      t.model.edge("x", 0, t.activation(6));
      const uint32_t out = t.activation(20);
      t.model.edge("y", 1, out);
      const uint32_t curved = t.activation(6);
      const uint32_t sum = t.activation(9);
      const uint32_t more = t.activation(9);
      std::vector<int32_t> values;
      for (uint32_t i = 0; i < shape.length * t.width(); i++) {
        values.push_back(t.random.between(0, static_cast<int32_t>(t.highest())));
      }
      const uint32_t stored = t.model.constant(dtype, {shape.length, t.width()}, 1e-4F, 7, values);
      const uint32_t real = t.model.floats({shape.length, t.width()}, t.reals(shape.length * t.width(), -2, 2));
      t.model.node(ACTIVATION, curved, {0}, kind);
      t.model.node(ADD, sum, {curved, stored});
      t.model.node(ADD, more, {sum, 0});
      const uint32_t scaled = t.activation(9);
      t.model.node(MULTIPLY, scaled, {more, real});
      t.model.node(MULTIPLY, out, {scaled, curved});
    });
  }
}

CASE(a_function_of_a_large_tensor_is_looked_up_alike, Needs::Simulator) {
  for (uint32_t dtype : {U8, U16}) {
    ModelFile model;
    model.edge("x", 0, model.activation(dtype, {256, 256}, dtype == U8 ? 0.05F : 2e-4F, dtype == U8 ? 128 : 32768));
    model.edge("y", 1, model.activation(dtype, {256, 256}, dtype == U8 ? 0.03F : 1e-4F, dtype == U8 ? 10 : 2000));
    model.node(ACTIVATION, 1, {0}, 2);
    const Open open(model.file());
    const Buffers buffers(open.model, 1, 5);
    OK(cleave_hat_session_run(open.session, buffers.list.data(), 2, kLong));
    EXPECT(buffers.output() == model.expected(buffers.inputs()));
  }
}

ModelFile encoder(uint32_t length, uint32_t width, uint32_t heads, uint32_t layers, uint64_t seed) {
  Trial t(seed, {length, heads, width / heads}, U16);
  uint32_t x = t.activation(4);
  t.model.edge("embeddings", 0, x);
  const uint32_t mask = t.model.activation(U8, {1, length}, 40, 255);
  t.model.edge("mask", 0, mask);
  const uint32_t out = t.activation(4);
  t.model.edge("hidden_states", 1, out);
  const auto linear = [&](uint32_t in, uint32_t rows, uint32_t columns) {
    const uint32_t to = t.model.activation(U16, {length, rows}, 4e-4F, 32768);
    t.model.node(LINEAR, to, {in, t.weights(S8, rows, columns)});
    return to;
  };
  const auto gamma = [&] { return t.model.floats({width}, t.reals(width, 0.5F, 1.5F)); };
  for (uint32_t layer = 0; layer < layers; layer++) {
    const uint32_t normed = t.activation(4);
    t.model.node(RMS_NORM, normed, {x, gamma()}, 0, 1e-6F);
    const uint32_t q = linear(normed, width, width);
    const uint32_t k = linear(normed, width, width);
    const uint32_t v = linear(normed, width, width);
    const uint32_t scores = t.square(30, false);
    const uint32_t shares = t.square(1, true);
    const uint32_t mixed = t.activation(8);
    t.model.node(SCORES, scores, {q, k}, heads, 0.1F);
    t.model.node(SOFTMAX, shares, {scores, kNothing, mask});
    t.model.node(MIX, mixed, {shares, v});
    const uint32_t after = t.activation(8);
    t.model.node(ADD, after, {x, linear(mixed, width, width)});
    const uint32_t again = t.activation(4);
    t.model.node(RMS_NORM, again, {after, gamma()}, 0, 1e-6F);
    const uint32_t wide = linear(again, 4 * width, width);
    const uint32_t curved = t.model.activation(U16, {length, 4 * width}, 4e-4F, 1000);
    t.model.node(ACTIVATION, curved, {wide}, 2);
    const uint32_t next = t.activation(8);
    t.model.node(ADD, next, {after, linear(curved, width, 4 * width)});
    x = next;
  }
  t.model.node(RMS_NORM, out, {x, gamma()}, 0, 1e-6F);
  return t.model;
}

CASE(a_whole_encoder_is_exact, Needs::Simulator) {
  const ModelFile model = encoder(16, 48, 3, 2, 7);
  const Open open(model.file());
  for (uint64_t seed = 0; seed < 3; seed++) {
    const Buffers buffers(open.model, 1, seed);
    OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
    EXPECT(buffers.output() == model.expected(buffers.inputs()) && buffers.clean());
  }
}

CASE(an_encoder_is_quick_enough, Needs::Simulator) {
  // Said and not asserted: a busy machine has no right speed. 4 layers, width 192, 64 positions.
  const ModelFile model = encoder(64, 192, 6, 4, 7);
  const Open open(model.file());
  const Buffers buffers(open.model, 1, 1);
  double best = 1e9;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (best == 1e9 || std::chrono::steady_clock::now() < end) {
    const auto began = std::chrono::steady_clock::now();
    OK(cleave_hat_session_run(open.session, buffers.list.data(), buffers.count(), kLong));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    if (took.count() < best) best = took.count();
  }
  std::printf("  one frame of an encoder with 4 layers, d=192, L=64: %.2f ms at best\n", best);
}

package dev.cleave.server.upper;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.UpperSpec;
import java.nio.FloatBuffer;

/** The upper layers as the formulas say, in f64, one session at once: what is right. */
final class UpperReference {
  private final RandomUpper model;
  private final UpperSpec spec;
  private final AttentionSpec self;

  UpperReference(RandomUpper model) {
    this.model = model;
    this.spec = model.spec;
    this.self = spec.block().self();
  }

  /** The logits behind each position of a session, {@code [positions][vocabulary]}. */
  double[][] logits(FloatBuffer states, int positions) {
    double[][] x = new double[positions][spec.width()];
    for (int p = 0; p < positions; p++) {
      for (int n = 0; n < spec.width(); n++) {
        x[p][n] = states.get(p * spec.width() + n);
      }
    }
    for (int layer = spec.layers().first(); layer < spec.layers().end(); layer++) {
      String name = "layers." + layer;
      attention(x, name + ".self");
      for (double[] row : x) {
        add(row, mlp(norm(row, spec.block().norm(), name + ".mlp.norm"), name + ".mlp"));
      }
    }
    double[][] logits = new double[positions][];
    for (int p = 0; p < positions; p++) {
      double[] row = x[p];
      if (spec.finalNorm().isPresent()) {
        row = norm(row, spec.finalNorm().get(), "norm");
      }
      for (int n = 0; n < row.length; n++) {
        row[n] *= spec.head().scale();
      }
      logits[p] = linear(row, "head");
    }
    return logits;
  }

  private void attention(double[][] x, String name) {
    int positions = x.length;
    double[][] q = new double[positions][];
    double[][] k = new double[positions][];
    double[][] v = new double[positions][];
    for (int p = 0; p < positions; p++) {
      double[] h = norm(x[p], spec.block().norm(), name + ".norm");
      q[p] = heads(linear(h, name + ".q"), name + ".q_norm", p);
      k[p] = heads(linear(h, name + ".k"), name + ".k_norm", p);
      v[p] = linear(h, name + ".v");
    }
    int size = self.headDim();
    int group = self.heads() / self.kvHeads();
    for (int p = 0; p < positions; p++) {
      double[] heard = new double[self.queryWidth()];
      for (int head = 0; head < self.heads(); head++) {
        int kv = head / group * size;
        double[] weights = new double[p + 1];
        double sum = 0;
        for (int s = 0; s <= p; s++) {
          double dot = 0;
          for (int n = 0; n < size; n++) {
            dot += q[p][head * size + n] * k[s][kv + n];
          }
          weights[s] = Math.exp(dot * self.scale());
          sum += weights[s];
        }
        for (int s = 0; s <= p; s++) {
          for (int n = 0; n < size; n++) {
            heard[head * size + n] += weights[s] / sum * v[s][kv + n];
          }
        }
      }
      add(x[p], linear(heard, name + ".o"));
    }
  }

  /** Normed and rotated, head by head. */
  private double[] heads(double[] all, String norm, int position) {
    int size = self.headDim();
    for (int at = 0; at < all.length; at += size) {
      double[] head = java.util.Arrays.copyOfRange(all, at, at + size);
      if (self.queryKeyNorm().isPresent()) {
        head = norm(head, self.queryKeyNorm().get(), norm);
      }
      if (self.positions() instanceof AttentionSpec.Rope rope) {
        rotate(head, rope, position);
      }
      System.arraycopy(head, 0, all, at, size);
    }
    return all;
  }

  private static void rotate(double[] head, AttentionSpec.Rope rope, int position) {
    float[] frequencies = rope.inverseFrequencies();
    for (int n = 0; n < frequencies.length; n++) {
      double angle = frequencies[n] * position;
      double first = head[n];
      double second = head[n + frequencies.length];
      head[n] = first * Math.cos(angle) - second * Math.sin(angle);
      head[n + frequencies.length] = second * Math.cos(angle) + first * Math.sin(angle);
    }
  }

  private double[] mlp(double[] h, String name) {
    MlpSpec mlp = spec.block().mlp();
    double[] up = linear(h, name + ".up");
    double[] gate = mlp.gated() ? linear(h, name + ".gate") : up;
    double[] inner = new double[mlp.inner()];
    for (int n = 0; n < inner.length; n++) {
      double a = gate[n];
      double activated =
          switch (mlp.activation()) {
            case SILU -> a / (1 + Math.exp(-a));
            case GELU_TANH ->
                a / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a)));
            case RELU -> Math.max(a, 0);
            case GELU -> throw new IllegalStateException("no error function here");
          };
      inner[n] = mlp.gated() ? activated * up[n] : activated;
    }
    return linear(inner, name + ".down");
  }

  private double[] norm(double[] x, NormSpec norm, String name) {
    float[] weight = model.weight(name + ".weight");
    double mean = 0;
    if (norm.kind() == NormSpec.Kind.LAYER) {
      for (double value : x) {
        mean += value / x.length;
      }
    }
    double square = 0;
    for (double value : x) {
      square += (value - mean) * (value - mean) / x.length;
    }
    double[] out = new double[x.length];
    for (int n = 0; n < x.length; n++) {
      out[n] = (x[n] - mean) / Math.sqrt(square + norm.epsilon()) * weight[n];
      if (norm.hasBias()) {
        out[n] += model.weight(name + ".bias")[n];
      }
    }
    return out;
  }

  private double[] linear(double[] x, String name) {
    float[] weight = model.weight(name + ".weight");
    double[] out = new double[weight.length / x.length];
    for (int row = 0; row < out.length; row++) {
      for (int n = 0; n < x.length; n++) {
        out[row] += weight[row * x.length + n] * x[n];
      }
    }
    model
        .optional(name + ".bias")
        .ifPresent(bias -> {
          for (int row = 0; row < out.length; row++) {
            out[row] += bias[row];
          }
        });
    return out;
  }

  private static void add(double[] x, double[] part) {
    for (int n = 0; n < x.length; n++) {
      x[n] += part[n];
    }
  }
}

package dev.cleave.edge.engine;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.checkpoint.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a stack computes, by its definition: whole sequences, loops, f64. Slow, and right by
 * reading.
 */
final class PlainStack {
  private final StackSpec stack;
  private final Map<String, float[]> weights = new HashMap<>();

  PlainStack(StackSpec stack, List<TensorData> tensors) {
    this.stack = stack;
    tensors.forEach(t -> weights.put(t.name(), t.bytes().toArray(ValueLayout.JAVA_FLOAT)));
  }

  /** [seq] to [seq * width]. */
  float[] hidden(long[] ids) {
    double[][] x = new double[ids.length][];
    for (int p = 0; p < ids.length; p++) {
      x[p] = embedding((int) ids[p], p);
    }
    for (int n = 0; n < stack.layers(); n++) {
      x = block("layers." + n + ".", x);
    }
    float[] flat = new float[ids.length * stack.width()];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) x[i / stack.width()][i % stack.width()];
    }
    return flat;
  }

  private double[] embedding(int id, int position) {
    EmbeddingSpec embedding = stack.embedding();
    int width = stack.width();
    double[] row = new double[width];
    for (int c = 0; c < width; c++) {
      row[c] = weight("embed.weight")[id * width + c] * embedding.scale();
      if (embedding.table().isPresent()) {
        int at = position + embedding.table().get().offset();
        row[c] += weight("embed.positions.weight")[at * width + c];
      }
    }
    return embedding.norm().isPresent() ? norm(embedding.norm().get(), "embed.norm", row) : row;
  }

  private double[][] block(String prefix, double[][] x) {
    NormSpec norm = stack.block().norm();
    boolean pre = stack.block().placement() == NormSpec.Placement.PRE;
    double[][] input = pre ? each(x, r -> norm(norm, prefix + "self.norm", r)) : x;
    double[][] sum = sum(x, attention(prefix + "self.", input));
    double[][] middle = pre ? sum : each(sum, r -> norm(norm, prefix + "self.norm", r));
    input = pre ? each(middle, r -> norm(norm, prefix + "mlp.norm", r)) : middle;
    sum = sum(middle, each(input, r -> mlp(prefix + "mlp.", r)));
    return pre ? sum : each(sum, r -> norm(norm, prefix + "mlp.norm", r));
  }

  private double[][] attention(String prefix, double[][] x) {
    AttentionSpec self = stack.block().self();
    int size = self.headDim();
    int group = self.heads() / self.kvHeads();
    double[][] q = new double[x.length][];
    double[][] k = new double[x.length][];
    double[][] v = new double[x.length][];
    for (int p = 0; p < x.length; p++) {
      q[p] = positioned(linear(prefix + "q", x[p]), prefix + "q_norm", p);
      k[p] = positioned(linear(prefix + "k", x[p]), prefix + "k_norm", p);
      v[p] = linear(prefix + "v", x[p]);
    }
    double[][] mixed = new double[x.length][self.queryWidth()];
    for (int p = 0; p < x.length; p++) {
      for (int head = 0; head < self.heads(); head++) {
        int own = head * size;
        int shared = head / group * size;
        double[] scores = new double[p + 1];
        for (int t = 0; t <= p; t++) {
          for (int c = 0; c < size; c++) {
            scores[t] += self.scale() * q[p][own + c] * k[t][shared + c];
          }
        }
        double largest = Arrays.stream(scores).max().orElseThrow();
        double[] powers = Arrays.stream(scores).map(s -> Math.exp(s - largest)).toArray();
        double total = Arrays.stream(powers).sum();
        for (int t = 0; t <= p; t++) {
          for (int c = 0; c < size; c++) {
            mixed[p][own + c] += powers[t] / total * v[t][shared + c];
          }
        }
      }
    }
    return each(mixed, row -> linear(prefix + "o", row));
  }

  /** Each head normed and rotated, where the description says so. */
  private double[] positioned(double[] row, String normName, int position) {
    AttentionSpec self = stack.block().self();
    int size = self.headDim();
    double[] out = new double[row.length];
    for (int from = 0; from < row.length; from += size) {
      double[] head = Arrays.copyOfRange(row, from, from + size);
      if (self.queryKeyNorm().isPresent()) {
        head = norm(self.queryKeyNorm().get(), normName, head);
      }
      if (self.positions() instanceof AttentionSpec.Rope rope) {
        head = rotated(head, rope, position);
      }
      System.arraycopy(head, 0, out, from, size);
    }
    return out;
  }

  private static double[] rotated(double[] head, AttentionSpec.Rope rope, int position) {
    float[] frequencies = rope.inverseFrequencies();
    int half = frequencies.length;
    double[] out = head.clone();
    for (int i = 0; i < half; i++) {
      double cos = Math.cos(position * frequencies[i]);
      double sin = Math.sin(position * frequencies[i]);
      out[i] = head[i] * cos - head[i + half] * sin;
      out[i + half] = head[i + half] * cos + head[i] * sin;
    }
    return out;
  }

  private double[] mlp(String prefix, double[] x) {
    MlpSpec mlp = stack.block().mlp();
    double[] up = linear(prefix + "up", x);
    double[] gate = mlp.gated() ? linear(prefix + "gate", x) : up;
    double[] inner = new double[up.length];
    for (int i = 0; i < up.length; i++) {
      inner[i] = activation(mlp.activation(), gate[i]) * (mlp.gated() ? up[i] : 1);
    }
    return linear(prefix + "down", inner);
  }

  private static double activation(MlpSpec.Activation activation, double x) {
    return switch (activation) {
      case RELU -> Math.max(x, 0);
      case GELU -> x * gauss(x);
      case GELU_TANH ->
          x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case SILU -> x / (1 + Math.exp(-x));
    };
  }

  /** The normal distribution, by the series of its integral: exact enough within 6 deviations. */
  private static double gauss(double x) {
    double term = x;
    double sum = x;
    for (int n = 1; n < 200; n++) {
      term *= x * x / (2 * n + 1);
      sum += term;
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }

  private double[] norm(NormSpec norm, String name, double[] x) {
    boolean layer = norm.kind() == NormSpec.Kind.LAYER;
    double mean = layer ? Arrays.stream(x).average().orElseThrow() : 0;
    double square = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (x[i] - mean) / Math.sqrt(square + norm.epsilon()) * weight(name + ".weight")[i];
      out[i] += layer ? weight(name + ".bias")[i] : 0;
    }
    return out;
  }

  private double[] linear(String name, double[] x) {
    float[] w = weight(name + ".weight");
    float[] bias = weights.get(name + ".bias");
    double[] out = new double[w.length / x.length];
    for (int row = 0; row < out.length; row++) {
      out[row] = bias == null ? 0 : bias[row];
      for (int c = 0; c < x.length; c++) {
        out[row] += w[row * x.length + c] * x[c];
      }
    }
    return out;
  }

  private float[] weight(String name) {
    float[] values = weights.get(name);
    if (values == null) {
      throw new IllegalStateException(name);
    }
    return values;
  }

  private interface Rows {
    double[] of(double[] row);
  }

  private static double[][] each(double[][] x, Rows rows) {
    return Arrays.stream(x).map(rows::of).toArray(double[][]::new);
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] out = new double[a.length][a[0].length];
    for (int p = 0; p < a.length; p++) {
      for (int c = 0; c < out[p].length; c++) {
        out[p][c] = a[p][c] + b[p][c];
      }
    }
    return out;
  }
}

package dev.cleave.split.hailo.sim;

import dev.cleave.split.onnx.BucketEmitter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs a program in f32, on an input of its own length without padding: what ranges are measured
 * with, and what defines the program's meaning. Confined to one thread.
 */
final class Evaluator {
  /** Told of every activation; its values are borrowed until return. */
  interface Listener {
    void activation(String name, float[] values);
  }

  private final List<SimNode> program;
  private final SimConstants constants;
  private final Map<String, float[]> values = new HashMap<>();
  private float[] bias = new float[0];
  private int positions;

  Evaluator(List<SimNode> program, SimConstants constants) {
    this.program = program;
    this.constants = constants;
  }

  /**
   * The hidden states {@code [positions, width]} of embeddings of that shape.
   *
   * @param rows how many positions there are
   * @param biasOfRows {@code [heads, positions, positions]}; empty where there is none
   */
  float[] run(float[] embeddings, int rows, float[] biasOfRows, Listener listener) {
    values.clear();
    positions = rows;
    bias = biasOfRows;
    values.put(BucketEmitter.EMBEDDINGS, embeddings);
    listener.activation(BucketEmitter.EMBEDDINGS, embeddings);
    for (SimNode node : program) {
      float[] result = compute(node);
      values.put(node.output(), result);
      listener.activation(node.output(), result);
    }
    return of(BucketEmitter.OUTPUT);
  }

  private float[] of(String name) {
    float[] found = values.get(name);
    if (found == null) {
      throw new IllegalStateException("nothing wrote " + name);
    }
    return found;
  }

  private float[] compute(SimNode node) {
    float[] x = of(node.input(0));
    return switch (node.operation()) {
      case LINEAR -> linear(x, node);
      case SCORES -> scores(x, of(node.input(1)), node);
      case SOFTMAX -> softmax(x);
      case MIX -> mix(x, of(node.input(1)));
      case RMS_NORM -> norm(x, node, false);
      case LAYER_NORM -> norm(x, node, true);
      case ADD -> {
        float[] y = of(node.input(1));
        float[] out = x.clone();
        for (int i = 0; i < out.length; i++) {
          out[i] += y[i];
        }
        yield out;
      }
      case MULTIPLY -> {
        float[] y = of(node.input(1));
        float[] out = x.clone();
        for (int i = 0; i < out.length; i++) {
          out[i] *= y[i];
        }
        yield out;
      }
      case ACTIVATION -> {
        float[] out = new float[x.length];
        for (int i = 0; i < out.length; i++) {
          out[i] = (float) Activations.value(node.number(), x[i]);
        }
        yield out;
      }
    };
  }

  private float[] linear(float[] x, SimNode node) {
    float[] kernel = constants.values(node.input(1));
    int outputs = constants.outputs(node.input(1));
    int inputs = x.length / positions;
    float[] out = new float[positions * outputs];
    for (int row = 0; row < positions; row++) {
      if (!node.input(2).isEmpty()) {
        System.arraycopy(constants.values(node.input(2)), 0, out, row * outputs, outputs);
      }
      for (int i = 0; i < inputs; i++) {
        addScaled(out, row * outputs, kernel, i * outputs, outputs, x[row * inputs + i]);
      }
    }
    return out;
  }

  /** In this form the compiler uses vector instructions: no sum depends on the order. */
  private static void addScaled(
      float[] out, int to, float[] from, int at, int count, float factor) {
    for (int i = 0; i < count; i++) {
      out[to + i] += factor * from[at + i];
    }
  }

  private float[] scores(float[] q, float[] k, SimNode node) {
    int heads = node.number();
    int width = q.length / positions;
    int each = width / heads;
    float[] out = new float[heads * positions * positions];
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < positions; i++) {
        for (int j = 0; j < positions; j++) {
          double sum = 0;
          for (int e = head * each; e < (head + 1) * each; e++) {
            sum += q[i * width + e] * (double) k[j * width + e];
          }
          out[(head * positions + i) * positions + j] = (float) (node.factor() * sum);
        }
      }
    }
    return out;
  }

  private float[] softmax(float[] scores) {
    float[] out = new float[scores.length];
    for (int row = 0; row < scores.length; row += positions) {
      double most = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < positions; j++) {
        most = Math.max(most, score(scores, row + j));
      }
      double sum = 0;
      for (int j = 0; j < positions; j++) {
        double power = Math.exp(score(scores, row + j) - most);
        out[row + j] = (float) power;
        sum += power;
      }
      for (int j = 0; j < positions; j++) {
        out[row + j] = (float) (out[row + j] / sum);
      }
    }
    return out;
  }

  private double score(float[] scores, int index) {
    return bias.length == 0 ? scores[index] : scores[index] + (double) bias[index];
  }

  private float[] mix(float[] shares, float[] v) {
    int width = v.length / positions;
    int heads = shares.length / (positions * positions);
    int each = width / heads;
    float[] out = new float[v.length];
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < positions; i++) {
        for (int j = 0; j < positions; j++) {
          float share = shares[(head * positions + i) * positions + j];
          addScaled(out, i * width + head * each, v, j * width + head * each, each, share);
        }
      }
    }
    return out;
  }

  private float[] norm(float[] x, SimNode node, boolean centred) {
    float[] weight = constants.values(node.input(1));
    int width = weight.length;
    float[] out = new float[x.length];
    for (int row = 0; row < x.length; row += width) {
      double mean = 0;
      for (int i = 0; centred && i < width; i++) {
        mean += x[row + i] / (double) width;
      }
      double square = 0;
      for (int i = 0; i < width; i++) {
        square += (x[row + i] - mean) * (x[row + i] - mean) / width;
      }
      double unit = 1 / Math.sqrt(square + node.factor());
      for (int i = 0; i < width; i++) {
        double shift = centred ? constants.values(node.input(2))[i] : 0;
        out[row + i] = (float) ((x[row + i] - mean) * unit * weight[i] + shift);
      }
    }
    return out;
  }
}

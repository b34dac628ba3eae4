package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.Checkpoint;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.checkpoint.Weights;

/** One layer of Llama as simple as can be, on tensors by their Hugging Face names. */
final class PlainLlama {
  private final Weights weights;
  private final int width;
  private final int heads;
  private final int kvHeads;
  private final int headDim;
  private final double epsilon;
  private final double theta;

  PlainLlama(Checkpoint checkpoint) {
    ModelConfig config = checkpoint.config();
    this.weights = checkpoint.weights();
    this.width = config.size("hidden_size");
    this.heads = config.size("num_attention_heads");
    this.kvHeads = config.size("num_key_value_heads");
    this.headDim = config.size("head_dim");
    this.epsilon = config.number("rms_norm_eps", 0);
    this.theta = config.section("rope_parameters").orElseThrow().number("rope_theta", 0);
  }

  /** Hidden states before a layer to those after it, both [positions, width]. */
  float[] layer(int n, float[] hidden) {
    String name = "model.layers." + n + ".";
    float[] in = norm(hidden, name + "input_layernorm.weight");
    float[] query = rotate(linear(in, width, name + "self_attn.q_proj.weight"), heads);
    float[] key = rotate(linear(in, width, name + "self_attn.k_proj.weight"), kvHeads);
    float[] value = linear(in, width, name + "self_attn.v_proj.weight");
    float[] mixed = attend(query, key, value);
    float[] middle = sum(hidden, linear(mixed, heads * headDim, name + "self_attn.o_proj.weight"));
    in = norm(middle, name + "post_attention_layernorm.weight");
    float[] gate = linear(in, width, name + "mlp.gate_proj.weight");
    float[] up = linear(in, width, name + "mlp.up_proj.weight");
    for (int i = 0; i < up.length; i++) {
      up[i] *= (float) (gate[i] / (1 + Math.exp(-gate[i])));
    }
    int inner = up.length / (hidden.length / width);
    return sum(middle, linear(up, inner, name + "mlp.down_proj.weight"));
  }

  private float[] norm(float[] hidden, String name) {
    float[] weight = weights.floats(name);
    float[] out = new float[hidden.length];
    for (int row = 0; row < hidden.length; row += width) {
      double squares = 0;
      for (int i = 0; i < width; i++) {
        squares += hidden[row + i] * hidden[row + i];
      }
      double scale = 1 / Math.sqrt(squares / width + epsilon);
      for (int i = 0; i < width; i++) {
        out[row + i] = (float) (hidden[row + i] * scale) * weight[i];
      }
    }
    return out;
  }

  private float[] linear(float[] in, int columns, String name) {
    float[] weight = weights.floats(name);
    int rows = weight.length / columns;
    int positions = in.length / columns;
    float[] out = new float[positions * rows];
    for (int position = 0; position < positions; position++) {
      for (int row = 0; row < rows; row++) {
        float sum = 0;
        for (int i = 0; i < columns; i++) {
          sum += in[position * columns + i] * weight[row * columns + i];
        }
        out[position * rows + row] = sum;
      }
    }
    return out;
  }

  /** Turns halves of each head, as Hugging Face does. */
  private float[] rotate(float[] states, int count) {
    int half = headDim / 2;
    for (int at = 0; at < states.length; at += headDim) {
      int position = at / (count * headDim);
      for (int i = 0; i < half; i++) {
        double angle = position / Math.pow(theta, (double) i / half);
        float cos = (float) Math.cos(angle);
        float sin = (float) Math.sin(angle);
        float first = states[at + i];
        float second = states[at + half + i];
        states[at + i] = first * cos - second * sin;
        states[at + half + i] = second * cos + first * sin;
      }
    }
    return states;
  }

  private float[] attend(float[] query, float[] key, float[] value) {
    int positions = query.length / (heads * headDim);
    float[] out = new float[query.length];
    for (int position = 0; position < positions; position++) {
      for (int head = 0; head < heads; head++) {
        int kvHead = head / (heads / kvHeads);
        int to = (position * heads + head) * headDim;
        double[] share = new double[position + 1];
        double all = 0;
        for (int past = 0; past <= position; past++) {
          int from = (past * kvHeads + kvHead) * headDim;
          double score = 0;
          for (int i = 0; i < headDim; i++) {
            score += query[to + i] * key[from + i];
          }
          share[past] = Math.exp(score / Math.sqrt(headDim));
          all += share[past];
        }
        for (int past = 0; past <= position; past++) {
          int from = (past * kvHeads + kvHead) * headDim;
          for (int i = 0; i < headDim; i++) {
            out[to + i] += (float) (share[past] / all * value[from + i]);
          }
        }
      }
    }
    return out;
  }

  private static float[] sum(float[] a, float[] b) {
    float[] out = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      out[i] = a[i] + b[i];
    }
    return out;
  }
}

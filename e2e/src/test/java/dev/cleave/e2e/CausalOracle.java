package dev.cleave.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the {@code transformers} library computed with one decoder-only checkpoint: {@code
 * expected.json} and {@code expected.safetensors} of its folder.
 */
final class CausalOracle {
  /** One input and all that is expected of it. */
  static final class Row {
    final int[] ids;

    /** f32 [positions, width] after so many layers; only those that the file has. */
    final Map<Integer, float[]> hidden;

    /** f32 [positions, vocabulary]. */
    final float[] logits;

    final int[] greedy;

    Row(int[] ids, Map<Integer, float[]> hidden, float[] logits, int[] greedy) {
      this.ids = ids;
      this.hidden = hidden;
      this.logits = logits;
      this.greedy = greedy;
    }
  }

  /**
   * What an oracle of a bf16 checkpoint may be off by unless it says otherwise: a model that was
   * cast to bf16 and back has its rotary frequencies rounded too, which moves states by some 5e-3,
   * while a model loaded from the checkpoint computes them in f32.
   */
  private static final double BF16_TOLERANCE = 2e-2;

  final List<Row> rows = new ArrayList<>();
  final double tolerance;

  private CausalOracle(double tolerance) {
    this.tolerance = tolerance;
  }

  final List<Oracle.Text> texts = new ArrayList<>();

  static CausalOracle read(Path folder) throws IOException {
    JsonNode json = new ObjectMapper().readTree(folder.resolve("expected.json").toFile());
    JsonNode config = new ObjectMapper().readTree(folder.resolve("config.json").toFile());
    String dtype = config.path("dtype").asText(config.path("torch_dtype").asText());
    CausalOracle oracle =
        new CausalOracle(
            json.path("max_error")
                .asDouble(dtype.equals("bfloat16") ? BF16_TOLERANCE : Parity.TOLERANCE));
    oracle.texts.addAll(Oracle.texts(json));
    try (Weights expected = Weights.openFile(folder.resolve("expected.safetensors"))) {
      for (JsonNode greedy : json.path("greedy")) {
        String row = "row" + greedy.path("row").asInt() + ".";
        oracle.rows.add(
            new Row(
                Oracle.int64(expected, row + "input_ids"),
                hidden(expected, row + "hidden."),
                expected.floats(row + "logits"),
                Oracle.ints(greedy.path("tokens"))));
      }
    }
    return oracle;
  }

  /** The states after each number of layers that a file has under {@code prefix}. */
  static Map<Integer, float[]> hidden(Weights expected, String prefix) {
    Map<Integer, float[]> hidden = new TreeMap<>();
    for (String name : expected.names()) {
      if (name.startsWith(prefix)) {
        hidden.put(Integer.valueOf(name.substring(prefix.length())), expected.floats(name));
      }
    }
    return hidden;
  }

  /** All layers of the model: states are there after 0 to so many. */
  int layers() {
    return rows.getFirst().hidden.keySet().stream().mapToInt(Integer::intValue).max().orElse(0);
  }

  /** The largest difference over the largest magnitude expected. */
  static double error(float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs((double) expected[i] - actual[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    return worst / largest;
  }

  /** The last {@code rows} of an f32 [positions, columns] tensor. */
  static float[] last(float[] tensor, int columns, int rows) {
    return Arrays.copyOfRange(tensor, tensor.length - rows * columns, tensor.length);
  }
}

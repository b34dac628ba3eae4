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

  final List<Row> rows = new ArrayList<>();
  final List<Oracle.Text> texts = new ArrayList<>();

  static CausalOracle read(Path folder) throws IOException {
    CausalOracle oracle = new CausalOracle();
    JsonNode json = new ObjectMapper().readTree(folder.resolve("expected.json").toFile());
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

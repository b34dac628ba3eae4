package dev.cleave.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * What the {@code transformers} library computed with one seq2seq checkpoint: {@code expected.json}
 * and {@code expected.safetensors} of its folder. Rows are without their padding.
 */
final class Oracle {
  private static final ValueLayout.OfLong INT64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** One input and all that is expected of it. */
  static final class Row {
    final int[] ids;

    /** f32 [positions, width]. */
    final float[] hidden;

    /** The tokens that were fed to the decoder, [steps]. */
    final int[] decoderIds;

    /** f32 [steps, vocabulary]. */
    final float[] logits;

    final int[] greedy;

    Row(int[] ids, float[] hidden, int[] decoderIds, float[] logits, int[] greedy) {
      this.ids = ids;
      this.hidden = hidden;
      this.decoderIds = decoderIds;
      this.logits = logits;
      this.greedy = greedy;
    }
  }

  /** A text and its ids. */
  record Text(String text, List<Integer> ids) {}

  final List<Row> rows = new ArrayList<>();
  final List<Text> texts = new ArrayList<>();

  static Oracle read(Path folder) throws IOException {
    Oracle oracle = new Oracle();
    JsonNode json = new ObjectMapper().readTree(folder.resolve("expected.json").toFile());
    oracle.texts.addAll(texts(json));
    try (Weights expected = Weights.openFile(folder.resolve("expected.safetensors"))) {
      int[] ids = int64(expected, "input_ids");
      int[] mask = int64(expected, "attention_mask");
      int[] decoderIds = int64(expected, "decoder_input_ids");
      float[] hidden = expected.floats("encoder.last_hidden_state");
      float[] logits = expected.floats("logits");
      int count = json.path("greedy").size();
      int padded = ids.length / count;
      int width = hidden.length / ids.length;
      int steps = decoderIds.length / count;
      for (JsonNode greedy : json.path("greedy")) {
        int row = greedy.path("row").asInt();
        int length = 0;
        while (length < padded && mask[row * padded + length] == 1) {
          length++;
        }
        oracle.rows.add(
            new Row(
                Arrays.copyOfRange(ids, row * padded, row * padded + length),
                Arrays.copyOfRange(hidden, row * padded * width, (row * padded + length) * width),
                Arrays.copyOfRange(decoderIds, row * steps, (row + 1) * steps),
                Arrays.copyOfRange(
                    logits, row * (logits.length / count), (row + 1) * (logits.length / count)),
                ints(greedy.path("tokens"))));
      }
    }
    return oracle;
  }

  static List<Text> texts(JsonNode json) {
    List<Text> texts = new ArrayList<>();
    for (JsonNode text : json.path("tokenizer")) {
      texts.add(
          new Text(
              text.path("text").asText(), Arrays.stream(ints(text.path("ids"))).boxed().toList()));
    }
    return texts;
  }

  /**
   * The largest difference of a boundary tensor, over the largest magnitude expected of any row.
   */
  double boundaryError(Row row, float[] actual) {
    return difference(row.hidden, actual) / largest(one -> one.hidden);
  }

  /**
   * The largest difference of logits of {@code steps} steps from the first one on, over the largest
   * magnitude expected of any row.
   */
  double logitsError(Row row, int steps, float[] actual) {
    int vocabulary = row.logits.length / row.decoderIds.length;
    float[] expected = Arrays.copyOf(row.logits, steps * vocabulary);
    return difference(expected, actual) / largest(one -> one.logits);
  }

  private double largest(Function<Row, float[]> of) {
    double largest = 0;
    for (Row row : rows) {
      for (float value : of.apply(row)) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    return largest;
  }

  private static double difference(float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs((double) expected[i] - actual[i]);
      worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
    }
    return worst;
  }

  static int[] int64(Weights file, String name) {
    MemorySegment bytes = file.bytes(name);
    int[] values = new int[(int) (bytes.byteSize() / Long.BYTES)];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.toIntExact(bytes.get(INT64, (long) i * Long.BYTES));
    }
    return values;
  }

  static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }
}

package dev.cleave.edge.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class OrtEncoderTest {
  static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  /** f32 against f32, other order of the sums: what the fixtures themselves state. */
  private static final double TOLERANCE = 2e-4;

  private static final int MAX_POSITIONS = 64;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void computesTheBoundaryTensorOfTheReference(String fixture) {
    try (Weights expected = Weights.openFile(Fixtures.file(fixture, "expected.safetensors"))) {
      long[] shape = longs(expected.info("encoder.last_hidden_state").shape());
      int rows = (int) shape[0];
      int padded = (int) shape[1];
      int width = (int) shape[2];
      long[] ids = int64(expected, "input_ids");
      long[] mask = int64(expected, "attention_mask");
      float[] hidden = expected.floats("encoder.last_hidden_state");
      try (OrtEncoder encoder = open(Fixtures.split(fixture, folder), width)) {
        for (int row = 0; row < rows; row++) {
          long[] rowMask = Arrays.copyOfRange(mask, row * padded, (row + 1) * padded);
          int positions = (int) Arrays.stream(rowMask).sum();
          long[] rowIds = Arrays.copyOfRange(ids, row * padded, row * padded + positions);
          float[] rowHidden =
              Arrays.copyOfRange(hidden, row * padded * width, (row * padded + positions) * width);
          assertThat(relativeError(rowHidden, encode(encoder, rowIds))).isLessThan(TOLERANCE);
        }
      }
    }
  }

  @Test
  void writesInPlaceAndNothingElse() {
    try (OrtEncoder encoder = open(Fixtures.split("bart", folder))) {
      long[] ids = {0, 5, 6, 7, 2};
      float[] alone = encode(encoder, ids);
      FloatBuffer out = floats(alone.length + 20);
      IntStream.range(0, out.capacity()).forEach(i -> out.put(i, 42));
      out.position(10);
      encoder.encode(longs(ids), out);
      assertThat(out.position()).isEqualTo(10);
      float[] written = new float[alone.length];
      out.get(10, written);
      assertThat(written).isEqualTo(alone);
      assertThat(out.get(9)).isEqualTo(42);
      assertThat(out.get(10 + alone.length)).isEqualTo(42);
    }
  }

  @Test
  void givesTheSameToManyThreads() throws Exception {
    try (OrtEncoder encoder = open(Fixtures.split("t5-v1.0-tied-relu", folder));
        ExecutorService threads = Executors.newFixedThreadPool(6)) {
      List<long[]> inputs =
          IntStream.range(1, 25)
              .mapToObj(n -> IntStream.range(3, 3 + n).asLongStream().toArray())
              .toList();
      List<float[]> alone = inputs.stream().map(ids -> encode(encoder, ids)).toList();
      List<Future<float[]>> together =
          inputs.stream().map(ids -> threads.submit(() -> encode(encoder, ids))).toList();
      for (int i = 0; i < alone.size(); i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i));
      }
    }
  }

  @Test
  void refusesAnInputThatIsTooLongWithBothNumbers() {
    try (OrtEncoder encoder = open(Fixtures.split("bart", folder))) {
      assertThatThrownBy(() -> encode(encoder, new long[MAX_POSITIONS + 1]))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("65")
          .hasMessageContaining("64")
          .hasMessageContaining("shorten");
      assertThatThrownBy(() -> encode(encoder, new long[0]))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("0 positions");
    }
  }

  @Test
  void refusesBuffersThatAreNotDirectOrTooSmall() {
    try (OrtEncoder encoder = open(Fixtures.split("bart", folder))) {
      assertThatThrownBy(() -> encoder.encode(LongBuffer.allocate(1), floats(encoder.width())))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> encoder.encode(longs(new long[] {3, 4}), floats(2 * encoder.width() - 1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void refusesAFileThatIsNoEncoderOrOfAnotherWidth() throws IOException {
    Path onnx = Fixtures.split("bart", folder).resolve("device/encoder.onnx");
    assertThatThrownBy(() -> OrtEncoder.open(onnx, new EncoderShape(7, MAX_POSITIONS), 1))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("7");
    Files.writeString(onnx, "not a model");
    assertThatThrownBy(() -> OrtEncoder.open(onnx, new EncoderShape(7, MAX_POSITIONS), 1))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining(onnx.toString());
  }

  @Test
  void failsInsteadOfCrashingAfterClose() {
    OrtEncoder encoder = open(Fixtures.split("bart", folder));
    encoder.close();
    encoder.close();
    assertThatThrownBy(() -> encode(encoder, new long[] {3}))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("closed");
  }

  private static OrtEncoder open(Path bundle) {
    return open(bundle, widthOf(bundle));
  }

  private static OrtEncoder open(Path bundle, int width) {
    return OrtEncoder.open(
        bundle.resolve("device/encoder.onnx"), new EncoderShape(width, MAX_POSITIONS), 2);
  }

  private static int widthOf(Path bundle) {
    return Bundle.readManifest(bundle).width();
  }

  private static float[] encode(OrtEncoder encoder, long[] ids) {
    FloatBuffer hidden = floats(ids.length * encoder.width());
    encoder.encode(longs(ids), hidden);
    float[] values = new float[hidden.remaining()];
    hidden.get(values);
    return values;
  }

  private static double relativeError(float[] expected, float[] actual) {
    assertThat(actual).hasSameSizeAs(expected);
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs((double) expected[i] - actual[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
      assertThat(actual[i]).isFinite();
    }
    return worst / largest;
  }

  private static long[] int64(Weights file, String name) {
    return file.bytes(name)
        .toArray(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private static LongBuffer longs(long[] values) {
    return ByteBuffer.allocateDirect(values.length * Long.BYTES)
        .order(ByteOrder.nativeOrder())
        .asLongBuffer()
        .put(values)
        .flip();
  }

  private static FloatBuffer floats(int elements) {
    return ByteBuffer.allocateDirect(elements * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}

package dev.cleave.split;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.checkpoint.Weights;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class EncoderParityTest {
  /** f32 against f32, in another order of summation. */
  private static final double TOLERANCE = 2e-4;

  @SuppressWarnings("UnusedVariable")
  private static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void computesTheBoundaryTensorOfTheWholeModel(String name) throws OrtException {
    Path out = folder.resolve("bundle");
    SplitCompiler.split(Fixtures.folder(name), out, SplitOptions.defaults(), ProgressListener.NONE);
    Path graph = Bundle.open(out, Half.DEVICE).file("encoder.onnx");
    try (Weights expected =
        Weights.openFile(Fixtures.folder(name).resolve("expected.safetensors"))) {
      long[] ids = expected.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      long[] mask = expected.bytes("attention_mask").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      float[] hidden = expected.floats("encoder.last_hidden_state");
      int rows = 2;
      int seq = ids.length / rows;
      int width = hidden.length / ids.length;
      float largest = 0;
      double worst = 0;
      for (int row = 0; row < rows; row++) {
        int start = row * seq;
        int length = (int) Arrays.stream(mask, start, start + seq).sum();
        float[] actual = run(graph, Arrays.copyOfRange(ids, start, start + length));
        assertThat(actual).hasSize(length * width);
        for (int i = 0; i < actual.length; i++) {
          float wanted = hidden[start * width + i];
          largest = Math.max(largest, Math.abs(wanted));
          worst = Math.max(worst, Math.abs(wanted - actual[i]));
        }
      }
      assertThat(worst / largest).as("relative error of %s", name).isLessThan(TOLERANCE);
    }
  }

  @Test
  void failsOnAPromptLongerThanTheLimitRatherThanGuess() {
    Path out = folder.resolve("bundle");
    SplitCompiler.split(
        Fixtures.folder("t5-v1.0-tied-relu"),
        out,
        SplitOptions.defaults().withLimits(8, 8),
        ProgressListener.NONE);
    Path graph = Bundle.open(out, Half.DEVICE).file("encoder.onnx");
    assertThat(runFails(graph, new long[8])).isFalse();
    assertThat(runFails(graph, new long[9])).isTrue();
  }

  private static boolean runFails(Path graph, long[] ids) {
    try {
      run(graph, ids);
      return false;
    } catch (OrtException e) {
      return true;
    }
  }

  private static float[] run(Path graph, long[] ids) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(graph.toString(), options);
          OnnxTensor input =
              OnnxTensor.createTensor(
                  environment, LongBuffer.wrap(ids), new long[] {1, ids.length});
          OrtSession.Result result = session.run(Map.of("input_ids", input))) {
        OnnxTensor output = (OnnxTensor) result.get(0);
        FloatBuffer values = output.getFloatBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
      }
    }
  }
}

package dev.cleave.split.checkpoint.gguf.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.checkpoint.TensorInfo;
import dev.cleave.split.checkpoint.Weights;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DequantiserTest {
  /**
   * Random bits, scales that are no numbers among them, and what llama.cpp's own package makes of
   * them:
   *
   * <pre>
   * python tools/fixtures/make_gguf_blocks.py model-split/src/test/resources/gguf/blocks.safetensors
   * </pre>
   */
  private static final Path BLOCKS = Path.of("src/test/resources/gguf/blocks.safetensors");

  @ParameterizedTest
  @EnumSource(
      value = GgmlType.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F32", "F16", "BF16"})
  void equalsTheReferenceToTheLastBit(GgmlType type) {
    try (Weights weights = Weights.openFile(BLOCKS)) {
      TensorInfo info = weights.info(type + ".blocks");
      assertThat(info.shape().getLast()).isEqualTo(type.blockBytes());
      int blocks = info.shape().getFirst().intValue();
      float[] expected = weights.floats(type + ".values");
      float[] out = new float[blocks * type.blockElements()];
      byte[] in = weights.bytes(type + ".blocks").toArray(ValueLayout.JAVA_BYTE);
      Dequantiser.dequantise(type, in, blocks, out);
      assertThat(out).hasSameSizeAs(expected);
      for (int i = 0; i < out.length; i++) {
        // Equal bits, but for which of the many bit patterns stands for "no number".
        assertThat(Float.floatToIntBits(out[i]))
            .as("value %d of %s: %s", i, type, out[i])
            .isEqualTo(Float.floatToIntBits(expected[i]));
      }
    }
  }
}

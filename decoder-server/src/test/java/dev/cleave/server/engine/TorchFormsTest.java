package dev.cleave.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.DecodingSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Forms of a decoder that no fixture has: norms before their part with biases, gates with biases,
 * biases on some projections alone. That the program runs, and that its two step methods, written
 * apart, agree.
 */
class TorchFormsTest {
  private static final int WIDTH = 32;
  private static final int VOCABULARY = 50;

  /** Sums in another order. */
  private static final float TOLERANCE = 1e-4f;

  record Form(NormSpec.Kind norm, NormSpec.Placement placement, MlpSpec mlp) {}

  static final List<Form> FORMS = forms();

  @TempDir Path folder;

  private static List<Form> forms() {
    List<Form> forms = new ArrayList<>();
    for (MlpSpec.Activation activation : MlpSpec.Activation.values()) {
      for (NormSpec.Placement placement : NormSpec.Placement.values()) {
        for (NormSpec.Kind kind : NormSpec.Kind.values()) {
          boolean gated = placement == NormSpec.Placement.PRE;
          forms.add(new Form(kind, placement, new MlpSpec(40, gated, activation, true)));
        }
      }
    }
    return forms;
  }

  @ParameterizedTest
  @FieldSource("FORMS")
  void oneRowAndManyRowsAgree(Form form) throws IOException {
    Path file = folder.resolve("decoder.safetensors");
    DecoderSpec spec = decoder(form);
    StepTimes.write(spec, file);
    EngineOptions options = new EngineOptions("cpu", WeightPrecision.F32, 2, 20, 8, 1);
    try (TorchDecoderEngine engine = TorchDecoderEngine.open(spec, file, options)) {
      FloatBuffer hidden = FixtureDecoder.direct(20 * WIDTH);
      for (int n = 0; n < hidden.capacity(); n++) {
        hidden.put(n, (float) Math.sin(n));
      }
      engine.prefill(0, hidden, 13);
      engine.prefill(1, hidden, 20);
      for (int position = 0; position < 8; position++) {
        long[] tokens = {position * 3L + 1, position};
        float[] alone = new float[VOCABULARY];
        engine.step(1, tokens, new long[] {position}, true).logits().get(alone);
        float[] together = new float[VOCABULARY];
        long[] positions = {position, position};
        engine.step(2, tokens, positions, true).logits().get(together);
        for (int id = 0; id < VOCABULARY; id++) {
          assertThat(together[id])
              .isFinite()
              .isBetween(alone[id] - TOLERANCE, alone[id] + TOLERANCE);
        }
        assertThat(alone).doesNotContain(0f);
      }
    }
  }

  private static DecoderSpec decoder(Form form) {
    NormSpec norm = new NormSpec(form.norm(), 1e-5);
    AttentionSpec attention =
        new AttentionSpec(
            new AttentionSpec.Layout(4, 4, 6),
            new AttentionSpec.Biases(true, false, true, true),
            0.4,
            new AttentionSpec.NoPositions(),
            Optional.empty());
    return new DecoderSpec(
        "test",
        new StackSpec(
            WIDTH,
            2,
            new EmbeddingSpec(
                VOCABULARY,
                1.5,
                new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, 0, 8),
                Optional.of(norm)),
            new BlockSpec(norm, form.placement(), attention, Optional.of(attention), form.mlp()),
            Optional.of(norm)),
        new HeadSpec(VOCABULARY, true, 0.5, true),
        new DecodingSpec(0, List.of(1), OptionalInt.empty(), OptionalInt.empty(), List.of()));
  }
}

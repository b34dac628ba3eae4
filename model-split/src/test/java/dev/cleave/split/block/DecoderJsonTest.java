package dev.cleave.split.block;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.MalformedBundle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecoderJsonTest {
  private static final NormSpec RMS = new NormSpec(NormSpec.Kind.RMS, 1e-6);
  private static final NormSpec LAYER = new NormSpec(NormSpec.Kind.LAYER, 1e-5);

  private static DecoderSpec t5() {
    AttentionSpec self =
        new AttentionSpec(
            new AttentionSpec.Layout(3, 3, 24),
            AttentionSpec.Biases.NONE,
            1,
            new AttentionSpec.RelativeBias(16, 40, false),
            Optional.empty());
    AttentionSpec cross =
        new AttentionSpec(
            self.layout(), self.bias(), 1, new AttentionSpec.NoPositions(), Optional.empty());
    return new DecoderSpec(
        "t5",
        new StackSpec(
            64,
            2,
            new EmbeddingSpec(400, 1, new EmbeddingSpec.NoPositions(), Optional.empty()),
            new BlockSpec(
                RMS,
                NormSpec.Placement.PRE,
                self,
                Optional.of(cross),
                new MlpSpec(160, true, MlpSpec.Activation.GELU_TANH, false)),
            Optional.of(RMS)),
        new HeadSpec(400, false, 1, false),
        new DecodingSpec(0, List.of(1), OptionalInt.empty(), OptionalInt.empty(), List.of()));
  }

  private static DecoderSpec wide() {
    AttentionSpec self =
        new AttentionSpec(
            new AttentionSpec.Layout(4, 2, 32),
            new AttentionSpec.Biases(true, false, true, false),
            Math.pow(32, -0.5),
            new AttentionSpec.Rope(1e6, 32),
            Optional.of(RMS));
    AttentionSpec cross =
        new AttentionSpec(
            self.layout(),
            AttentionSpec.Biases.ALL,
            self.scale(),
            new AttentionSpec.NoPositions(),
            Optional.empty());
    return new DecoderSpec(
        "wide",
        new StackSpec(
            80,
            1,
            new EmbeddingSpec(
                512,
                Math.sqrt(80),
                new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, 2, 128),
                Optional.of(LAYER)),
            new BlockSpec(
                LAYER,
                NormSpec.Placement.POST,
                self,
                Optional.of(cross),
                new MlpSpec(208, false, MlpSpec.Activation.SILU, true)),
            Optional.empty()),
        new HeadSpec(512, true, 0.125, true),
        new DecodingSpec(2, List.of(2, 3), OptionalInt.of(0), OptionalInt.of(2), List.of(7, 9)));
  }

  @Test
  void readsBackWhatItWrote() {
    for (DecoderSpec spec : List.of(t5(), wide())) {
      assertThat(DecoderJson.parse(DecoderJson.write(spec), "decoder.json")).isEqualTo(spec);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'\"format\" : 1', '\"format\" : 2', format must be 1",
    "'\"layers\" : 2', '\"layers\" : 0', layers must be in",
    "'\"layers\" : 2', '\"layers\" : \"2\"', layers must be an integer",
    "'\"layers\" : 2', '\"layers\" : 2.5', layers must be an integer",
    "'\"layers\" : 2,', '', layers is missing",
    "'\"layers\" : 2,', '\"layers\" : 2, \"experts\" : 8,', experts is unknown",
    "GELU_TANH, GELU_FAST, activation must be one of",
    "'\"tied\" : false', '\"tied\" : 0', tied must be true or false",
    "'\"kvHeads\" : 3', '\"kvHeads\" : 2', kvHeads must divide heads",
    "'\"decoderStartTokenId\" : 0', '\"decoderStartTokenId\" : 400', startTokenId must be in",
    "'{', '[', not JSON",
  })
  void refusesWhatADescriptionMayNotSay(String from, String to, String message) {
    String json = new String(DecoderJson.write(t5()), UTF_8);
    assertThat(json).contains(from);
    assertThatThrownBy(() -> DecoderJson.parse(json.replace(from, to).getBytes(UTF_8), "d.json"))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("d.json")
        .hasMessageContaining(message);
  }

  @Test
  void listsEveryTensorOfADecoderOnce() {
    DecoderSpec spec = t5();
    List<CanonicalTensors.Tensor> list = CanonicalTensors.ofDecoder(spec.stack(), spec.head());
    assertThat(list).extracting(CanonicalTensors.Tensor::name).doesNotHaveDuplicates();
    assertThat(list)
        .contains(
            new CanonicalTensors.Tensor("layers.1.cross.q.weight", List.of(72L, 64L)),
            new CanonicalTensors.Tensor("layers.1.cross.o.weight", List.of(64L, 72L)),
            new CanonicalTensors.Tensor("layers.0.mlp.gate.weight", List.of(160L, 64L)),
            new CanonicalTensors.Tensor("self.relative_bias.weight", List.of(16L, 3L)),
            new CanonicalTensors.Tensor("head.weight", List.of(400L, 64L)));
    assertThat(list).hasSize(1 + 1 + 2 * (4 + 1 + 4 + 1 + 3 + 1) + 1 + 1);
  }
}

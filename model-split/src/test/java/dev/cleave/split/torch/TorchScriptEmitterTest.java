package dev.cleave.split.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.DecodingSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.error.CheckpointRefused;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** The text and its archive; what the program computes is tested where libtorch runs it. */
class TorchScriptEmitterTest {
  private static final ScriptOptions CPU =
      new ScriptOptions("cpu", WeightPrecision.F32, 4, 100, 50);
  private static final NormSpec LAYER = new NormSpec(NormSpec.Kind.LAYER, 1e-5);

  @Test
  void writesTheSameProgramTwice() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.POST, attention(4, new AttentionSpec.NoPositions()));
    assertThat(TorchScriptEmitter.emit(spec, CPU).archive())
        .isEqualTo(TorchScriptEmitter.emit(spec, CPU).archive());
  }

  @Test
  void packsEveryTensorOfTheDescriptionAndNoOther() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.PRE, attention(4, new AttentionSpec.NoPositions()));
    TreeSet<String> expected = new TreeSet<>();
    CanonicalTensors.ofDecoder(spec.stack(), spec.head()).forEach(t -> expected.add(t.name()));
    for (String device : List.of("cpu", "cuda:0")) {
      TreeSet<String> packed = new TreeSet<>();
      ScriptOptions options = new ScriptOptions(device, WeightPrecision.BF16, 4, 100, 50);
      for (PackedWeight weight : TorchScriptEmitter.emit(spec, options).weights()) {
        weight.parts().forEach(part -> packed.add(part.name().orElseThrow()));
      }
      assertThat(packed).isEqualTo(expected);
    }
  }

  @Test
  void wholeAnswerProgramPacksEveryTensorOnceAndPlain() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.PRE, attention(4, new AttentionSpec.NoPositions()));
    List<String> expected =
        CanonicalTensors.ofDecoder(spec.stack(), spec.head()).stream()
            .map(CanonicalTensors.Tensor::name)
            .toList();
    ForcedScript script = ForcedEmitter.emit(spec, 50);
    List<String> packed = new ArrayList<>();
    for (PackedWeight weight : script.weights()) {
      weight.parts().forEach(part -> packed.add(part.name().orElseThrow()));
    }
    assertThat(packed).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(script.text()).doesNotContain("mkldnn");
    assertThatThrownBy(() -> ForcedEmitter.emit(spec, 1 << 20))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void normStandsBeforeOrAfterItsPart() {
    AttentionSpec attention = attention(4, new AttentionSpec.NoPositions());
    String pre = TorchScriptEmitter.emit(decoder(NormSpec.Placement.PRE, attention), CPU).text();
    String post = TorchScriptEmitter.emit(decoder(NormSpec.Placement.POST, attention), CPU).text();
    assertThat(pre).contains("h = torch.layer_norm(x,").contains("x = torch.layer_norm(x,");
    assertThat(post).doesNotContain("h = torch.layer_norm(x,").contains("h = x\n");
    // of each layer three, and the final one, in both step methods
    assertThat(pre.split("torch.layer_norm", -1)).hasSize(1 + 2 * (2 * 3 + 1));
    assertThat(post.split("torch.layer_norm", -1)).hasSize(1 + 2 * (2 * 3 + 1));
  }

  @Test
  void programForCudaNamesItsDeviceAndNoCpuKernel() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.POST, attention(4, new AttentionSpec.NoPositions()));
    ScriptOptions cuda = new ScriptOptions("cuda:1", WeightPrecision.BF16, 4, 100, 50);
    String text = TorchScriptEmitter.emit(spec, cuda).text();
    assertThat(text)
        .doesNotContain("mkldnn")
        .doesNotContain("torch.device(\"cpu\")")
        .contains("hidden = torch.to(hidden, torch.device(\"cuda:1\"), 6)");
  }

  @Test
  void bucketsRunFromTheFarthestKeyToTheQueryItself() {
    assertThat(TorchScriptEmitter.buckets(new AttentionSpec.RelativeBias(32, 128, false), 20))
        .startsWith("17, 16, 16, 16, 15, 14,")
        .endsWith(" 2, 1, 0");
  }

  @Test
  void archiveIsStoredAndComplete() throws IOException {
    DecoderSpec spec =
        decoder(NormSpec.Placement.POST, attention(4, new AttentionSpec.NoPositions()));
    DecoderScript script = TorchScriptEmitter.emit(spec, CPU);
    Map<String, String> entries = new LinkedHashMap<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(script.archive()))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
        entries.put(entry.getName(), new String(zip.readAllBytes(), StandardCharsets.ISO_8859_1));
      }
    }
    assertThat(entries.keySet())
        .containsExactly(
            "decoder/data.pkl",
            "decoder/code/__torch__.py",
            "decoder/constants.pkl",
            "decoder/version");
    assertThat(entries).containsEntry("decoder/code/__torch__.py", script.text());
    assertThat(entries.get("decoder/data.pkl")).startsWith("\u0080\u0002c__torch__\nM\n");
  }

  @Test
  void kvIsCountedForBothAttentions() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.POST, attention(4, new AttentionSpec.NoPositions()));
    // 2 layers of K and V, 32 wide, 50 own positions and 100 of the prompt, f32
    assertThat(TorchScriptEmitter.emit(spec, CPU).kvBytesPerSlot()).isEqualTo(2 * 2 * 32 * 150 * 4);
  }

  @Test
  void refusesWhatItCannotEmit() {
    AttentionSpec rope = attention(4, new AttentionSpec.Rope(10_000, 8));
    assertThatThrownBy(() -> TorchScriptEmitter.emit(decoder(NormSpec.Placement.PRE, rope), CPU))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("rotary");
    AttentionSpec grouped = attention(2, new AttentionSpec.NoPositions());
    assertThatThrownBy(() -> TorchScriptEmitter.emit(decoder(NormSpec.Placement.PRE, grouped), CPU))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("grouped");
  }

  @Test
  void refusesMoreTokensThanPositions() {
    DecoderSpec spec =
        decoder(NormSpec.Placement.POST, attention(4, new AttentionSpec.NoPositions()));
    ScriptOptions long61 = new ScriptOptions("cpu", WeightPrecision.F32, 4, 100, 61);
    assertThatThrownBy(() -> TorchScriptEmitter.emit(spec, long61))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("60 positions: 61");
  }

  @Test
  void refusesADeviceThatIsNotOne() {
    assertThatThrownBy(() -> new ScriptOptions("cuda", WeightPrecision.F32, 1, 1, 1))
        .hasMessageContaining("cpu or cuda:N: cuda");
  }

  private static AttentionSpec attention(int kvHeads, AttentionSpec.Positions positions) {
    return new AttentionSpec(
        new AttentionSpec.Layout(4, kvHeads, 8),
        AttentionSpec.Biases.ALL,
        0.5,
        positions,
        Optional.empty());
  }

  private static DecoderSpec decoder(NormSpec.Placement placement, AttentionSpec self) {
    BlockSpec block =
        new BlockSpec(
            LAYER,
            placement,
            self,
            Optional.of(attention(4, new AttentionSpec.NoPositions())),
            new MlpSpec(48, false, MlpSpec.Activation.SILU, true));
    EmbeddingSpec embedding =
        new EmbeddingSpec(
            70,
            2.5,
            new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, 2, 60),
            Optional.empty());
    return new DecoderSpec(
        "test",
        new StackSpec(32, 2, embedding, block, Optional.of(LAYER)),
        new HeadSpec(70, true, 1, true),
        new DecodingSpec(0, List.of(1), OptionalInt.empty(), OptionalInt.empty(), List.of()));
  }
}

package dev.cleave.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleId;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.CheckpointRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class SplitCompilerTest {
  @SuppressWarnings("UnusedVariable") // read by FieldSource
  private static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  @TempDir Path folder;

  private SplitReport split(Path checkpoint, String out) {
    return SplitCompiler.split(
        checkpoint,
        folder.resolve(out),
        SplitOptions.defaults().withName("tiny"),
        ProgressListener.NONE);
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void givesTheSameIdForTheSameInput(String name) {
    BundleId first = split(Fixtures.folder(name), "a").manifest().id();
    assertThat(split(Fixtures.folder(name), "b").manifest().id()).isEqualTo(first);
    Bundle.open(folder.resolve("a"), Half.DEVICE);
    Bundle.open(folder.resolve("b"), Half.SERVER);
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void givesTheServerTheDecoderAndNothingElse(String name) {
    split(Fixtures.folder(name), "a");
    Bundle server = Bundle.open(folder.resolve("a"), Half.SERVER);
    assertThat(server.manifest().files(Half.SERVER))
        .extracting(file -> file.name())
        .containsExactly("decoder.json", "decoder.safetensors");
    DecoderSpec spec = DecoderJson.read(server.file("decoder.json"));
    try (Weights weights = Weights.openFile(server.file("decoder.safetensors"))) {
      List<CanonicalTensors.Tensor> list = CanonicalTensors.ofDecoder(spec.stack(), spec.head());
      assertThat(weights.names())
          .containsExactlyInAnyOrderElementsOf(
              list.stream().map(CanonicalTensors.Tensor::name).toList());
      list.forEach(t -> assertThat(weights.info(t.name()).shape()).isEqualTo(t.shape()));
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void splitsShardsLikeOneFile(String name) {
    Path whole = new TinyCheckpoint(name, folder.resolve("whole")).write();
    Path shards = new TinyCheckpoint(name, folder.resolve("shards")).writeShards();
    assertThat(split(shards, "b").manifest().id()).isEqualTo(split(whole, "a").manifest().id());
  }

  @ParameterizedTest
  @CsvSource({"F16, 0.001", "BF16, 0.008"})
  void keepsTheServersElementTypeAndConvertsTheDevices(DType dtype, double relative)
      throws IOException {
    Path half = new TinyCheckpoint("bart", folder.resolve("half")).cast(dtype).write();
    split(half, "a");
    split(Fixtures.folder("bart"), "b");
    try (Weights cast =
            Weights.openFile(
                Bundle.open(folder.resolve("a"), Half.SERVER).file("decoder.safetensors"));
        Weights exact =
            Weights.openFile(
                Bundle.open(folder.resolve("b"), Half.SERVER).file("decoder.safetensors"))) {
      for (String name : exact.names()) {
        assertThat(cast.info(name).dtype()).isEqualTo(dtype);
        float[] wanted = exact.floats(name);
        float[] got = cast.floats(name);
        for (int i = 0; i < wanted.length; i++) {
          assertThat((double) Math.abs(got[i] - wanted[i]))
              .isLessThanOrEqualTo(relative * Math.abs(wanted[i]) + 1e-7);
        }
      }
    }
    assertThat(Files.size(folder.resolve("a/device/encoder.data")))
        .isEqualTo(Files.size(folder.resolve("b/device/encoder.data")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "deepseek-v3-mla              | n_routed_experts",
        "falcon-h1-hybrid             | mamba_d_ssm",
        "gemma3n-per-layer-embeddings | cannot be split privately",
        "mixtral-moe                  | num_local_experts",
        "no-model-type                | model_type",
        "smollm3-nope-layers          | no_rope_layers",
      })
  void refusesByName(String name, String reason) {
    assertThatThrownBy(() -> split(Fixtures.folder("refuse/" + name), "out"))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining(reason);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void leavesNothingBehindWhenItRefuses() throws IOException {
    Path checkpoint =
        new TinyCheckpoint("bart", folder.resolve("m")).zeros("model.extra.weight", 3).write();
    assertThatThrownBy(() -> split(checkpoint, "out")).isInstanceOf(CheckpointRefused.class);
    try (var entries = Files.list(folder)) {
      assertThat(entries).containsExactly(checkpoint);
    }
  }

  @Test
  void needsATokenizer() {
    Path checkpoint =
        new TinyCheckpoint("bart", folder.resolve("m")).without("tokenizer.json").write();
    assertThatThrownBy(() -> split(checkpoint, "out"))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("tokenizer.json");
  }

  @Test
  void refusesLimitsAboveTheModelsOwn() {
    assertThatThrownBy(() ->
            SplitCompiler.split(
                Fixtures.folder("bart"),
                folder.resolve("out"),
                SplitOptions.defaults().withLimits(129, 1),
                ProgressListener.NONE))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("129 is not in [1, 128]");
  }

  @Test
  void servesLongerPromptsOfRelativePositionsOnlyWhenAsked() {
    Path t5 = Fixtures.folder("t5-v1.0-tied-relu");
    assertThat(split(t5, "a").manifest().limits().maxPromptPositions()).isEqualTo(1024);
    SplitReport report =
        SplitCompiler.split(
            t5,
            folder.resolve("b"),
            SplitOptions.defaults().withLimits(4096, null),
            ProgressListener.NONE);
    assertThat(report.manifest().limits().maxPromptPositions()).isEqualTo(4096);
    assertThat(report.manifest().limits().maxNewTokens()).isEqualTo(1024);
  }

  @Test
  void tellsOfEveryByteOfBothHalves() {
    List<ProgressListener.Progress> told = new ArrayList<>();
    SplitCompiler.split(
        Fixtures.folder("marian"), folder.resolve("out"), SplitOptions.defaults(), told::add);
    for (String step : List.of("encoder", "decoder")) {
      ProgressListener.Progress last =
          told.stream().filter(p -> p.step().equals(step)).toList().getLast();
      assertThat(last.doneBytes()).as(step).isEqualTo(last.totalBytes());
    }
  }
}

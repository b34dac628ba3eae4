package dev.cleave.split.hailo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl;
import ai.onnxruntime.OrtException;
import dev.cleave.split.CausalCheckpoints;
import dev.cleave.split.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.onnx.BucketEmitter;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class HailoHalfTest {
  /** f32 against f32, in another order of summation. */
  private static final double TOLERANCE = 1e-5;

  private static final int VOCABULARY = 400;

  @SuppressWarnings("UnusedVariable") // read by FieldSource
  private static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void computesWhatTheEncoderComputes(String name) throws OrtException {
    HailoBuckets buckets = HailoBuckets.parse("8,24");
    same(Hailo.fixture(name, folder.resolve("bundle"), buckets), buckets, 1, 7, 8, 13, 24);
  }

  @Test
  void computesWhatTheEncoderOfTheReferenceModelComputes() throws OrtException {
    HailoBuckets buckets = HailoBuckets.DEFAULT;
    same(Hailo.split(Hailo.REFERENCE, folder.resolve("b"), buckets), buckets, 5, 32, 47, 101, 128);
  }

  private static void same(Bundle bundle, HailoBuckets buckets, int... lengths)
      throws OrtException {
    int width = bundle.manifest().width();
    for (int length : lengths) {
      long[] ids = Hailo.ids(length, length, VOCABULARY);
      float[] wanted = Hailo.whole(bundle.file("encoder.onnx"), ids);
      FloatBuffer rows = Hailo.gather(bundle, ids);
      for (int positions : buckets.lengths()) {
        if (positions >= length) {
          Path graph = bundle.file(HailoHalf.graph(positions));
          float[] actual = Hailo.bucket(graph, rows, width, positions);
          assertThat(actual).hasSize(positions * width);
          assertThat(Hailo.relativeError(wanted, actual))
              .as("%d of %d positions", length, positions)
              .isLessThan(TOLERANCE);
        }
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void usesNoOtherOperatorsAndStaticShapes(String name) throws IOException {
    Bundle bundle = Hailo.fixture(name, folder.resolve("bundle"), new HailoBuckets(List.of(16)));
    OnnxMl.ModelProto model =
        OnnxMl.ModelProto.parseFrom(Files.readAllBytes(bundle.file(HailoHalf.graph(16))));
    assertThat(model.getGraph().getNodeList())
        .extracting(OnnxMl.NodeProto::getOpType)
        .isSubsetOf(BucketEmitter.OPERATORS);
    assertThat(model.getGraph().getInputList())
        .extracting(OnnxMl.ValueInfoProto::getName)
        .containsExactly("embeddings", "mask");
    for (OnnxMl.ValueInfoProto input : model.getGraph().getInputList()) {
      assertThat(input.getType().getTensorType().getShape().getDimList())
          .allMatch(OnnxMl.TensorShapeProto.Dimension::hasDimValue);
    }
    assertThat(model.getGraph().getOutput(0).getName()).isEqualTo("hidden_states");
    assertThat(model.getGraph().getNode(model.getGraph().getNodeCount() - 1).getOutput(0))
        .isEqualTo("hidden_states");
  }

  @Test
  void listsEveryFileAndSaysHowToCompile() throws IOException {
    Bundle bundle =
        Hailo.fixture("bart", folder.resolve("bundle"), new HailoBuckets(List.of(8, 16)));
    assertThat(bundle.manifest().files(Half.DEVICE))
        .extracting(file -> file.name())
        .contains(
            "hailo/README.md",
            "hailo/embedding.bin",
            "hailo/encoder-16.onnx",
            "hailo/encoder-8.onnx",
            "hailo/encoder.json",
            "hailo/encoder.safetensors");
    assertThat(CompiledModels.lengths(bundle.manifest())).containsExactly(8, 16);
    assertThat(bundle.file(HailoHalf.README))
        .content()
        .contains("sha256sum encoder-16.onnx > encoder-16.hef.from")
        .contains("--hef encoder-8.hef,encoder-16.hef");
    Files.writeString(bundle.file(HailoHalf.README), "other");
    assertThatThrownBy(() -> Bundle.open(bundle.root(), Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("README.md");
  }

  @Test
  void givesTheSameIdForTheSameInputAndIsReplaced() {
    HailoBuckets buckets = new HailoBuckets(List.of(8));
    Path out = folder.resolve("bundle");
    Bundle first = Hailo.fixture("marian", out, buckets);
    SplitCompiler.split(
        Fixtures.folder("marian"),
        out,
        SplitOptions.defaults().withHailo(buckets).withReplace(true),
        ProgressListener.NONE);
    assertThat(Bundle.open(out, Half.DEVICE).id()).isEqualTo(first.id());
  }

  @Test
  void refusesLengthsBeyondThePrompts() {
    assertThatThrownBy(() ->
            SplitCompiler.split(
                Fixtures.folder("bart"),
                folder.resolve("out"),
                SplitOptions.defaults().withHailo(HailoBuckets.parse("64,136")),
                ProgressListener.NONE))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("--hailo 136")
        .hasMessageContaining("at most 128");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "7", "8,8", "16,8", "520", "8,x", "8,16,24,32,40,48,56,64,72", "-8"})
  void refusesOtherLists(String text) {
    assertThatThrownBy(() -> HailoBuckets.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lengths must be");
  }

  @Test
  void refusesDamagedTables() throws IOException {
    Bundle bundle = Hailo.fixture("bart", folder.resolve("bundle"), HailoBuckets.parse("8"));
    byte[] whole = Files.readAllBytes(bundle.file(HailoHalf.EMBEDDING));
    Path damaged = folder.resolve("embedding.bin");
    for (int length : new int[] {0, 63, 64, whole.length - 1}) {
      Files.write(damaged, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> EmbeddingTable.open(damaged).close())
          .isInstanceOf(MalformedBundle.class);
    }
    for (int at = 0; at < 24; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= (byte) 0x81;
      Files.write(damaged, changed);
      assertThatThrownBy(() -> EmbeddingTable.open(damaged).close())
          .as("byte %d", at)
          .isInstanceOf(MalformedBundle.class);
    }
  }

  @Test
  void looksUpNothingOutsideTheTable() {
    Bundle bundle = Hailo.fixture("marian", folder.resolve("bundle"), HailoBuckets.parse("8"));
    try (EmbeddingTable table = EmbeddingTable.open(bundle.file(HailoHalf.EMBEDDING))) {
      FloatBuffer out = FloatBuffer.allocate(16 * table.width());
      for (long id : new long[] {-1, 1 << 20, Long.MAX_VALUE}) {
        assertThatThrownBy(() -> table.gather(LongBuffer.wrap(new long[] {1, id}), out))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("outside the vocabulary")
            .hasMessageNotContaining(Long.toString(id));
      }
      assertThatThrownBy(() -> table.gather(LongBuffer.wrap(new long[9]), out))
          .hasMessageContaining("8 positions");
    }
  }

  @Test
  void refusesModelsWithoutAnEncoder() {
    Path model = CausalCheckpoints.of("llama", folder.resolve("model")).write();
    assertThatThrownBy(() ->
            SplitCompiler.split(
                model,
                folder.resolve("out"),
                SplitOptions.defaults().withAt(1).withHailo(HailoBuckets.DEFAULT),
                ProgressListener.NONE))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("--hailo");
  }
}

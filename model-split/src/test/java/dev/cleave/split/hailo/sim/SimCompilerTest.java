package dev.cleave.split.hailo.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.block.EncoderJson;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.Sha256;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.hailo.CompiledModel;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.Hailo;
import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.hailo.HailoHalf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** That the models compute the right thing is seen where the simulator runs them. */
class SimCompilerTest {
  @SuppressWarnings("UnusedVariable") // read by FieldSource
  private static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  private static final int VOCABULARY = 400;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void itsProgramComputesWhatTheEncoderComputes(String name) throws Exception {
    Bundle bundle = Hailo.fixture(name, folder.resolve("b"), HailoBuckets.parse("16"));
    long[] ids = Hailo.ids(3, 13, VOCABULARY);
    float[] wanted = Hailo.whole(bundle.file("encoder.onnx"), ids);
    FloatBuffer rows = Hailo.gather(bundle, ids);
    StackSpec stack = EncoderJson.read(bundle.file(HailoHalf.DESCRIPTION));
    try (Weights weights = Weights.openFile(bundle.file(HailoHalf.WEIGHTS))) {
      SimConstants constants = new SimConstants(weights);
      float[] actual =
          new Evaluator(ProgramEmitter.emit(stack), constants)
              .run(rows.array(), 13, SimCompiler.bias(stack, constants, 13), (n, v) -> {});
      assertThat(Hailo.relativeError(wanted, actual)).isLessThan(1e-5);
    }
  }

  @Test
  void writesAModelOfEachLengthIntoTheBundle() throws IOException {
    Path root = folder.resolve("b");
    Bundle before = Hailo.fixture("bart", root, HailoBuckets.parse("8,16"));
    List<Integer> told = new ArrayList<>();
    BundleManifest manifest =
        SimCompiler.compile(root, samples(5, 20), WeightBits.EIGHT, told::add);
    assertThat(told).containsExactly(1, 2, 3, 4, 5);
    assertThat(manifest.id()).isNotEqualTo(before.id());
    Bundle device = Bundle.open(root, Half.DEVICE);
    List<CompiledModel> models = CompiledModels.of(device, CompiledName.Kind.SIM);
    assertThat(models).extracting(model -> model.name().positions()).containsExactly(8, 16);
    for (CompiledModel model : models) {
      byte[] file = Files.readAllBytes(model.file());
      ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
      assertThat(header.getLong(16)).isEqualTo(file.length);
      assertThat(HexFormat.of().formatHex(file, 64, 96))
          .isEqualTo(Sha256.hex(Arrays.copyOfRange(file, 96, file.length)));
    }
    assertThat(SimCompiler.compile(root, samples(5, 20), WeightBits.EIGHT, n -> {}).id())
        .as("the same of the same")
        .isEqualTo(manifest.id());
    long eight = Files.size(models.getFirst().file());
    SimCompiler.compile(root, samples(5, 20), WeightBits.SIXTEEN, n -> {});
    Bundle wider = Bundle.open(root, Half.DEVICE);
    assertThat(CompiledModels.of(wider, CompiledName.Kind.SIM))
        .hasSize(2)
        .allSatisfy(model -> assertThat(Files.size(model.file())).isGreaterThan(eight));
  }

  private static List<LongBuffer> samples(int count, int positions) {
    return IntStream.range(0, count)
        .mapToObj(i -> LongBuffer.wrap(Hailo.ids(i, positions, VOCABULARY)))
        .toList();
  }

  @Test
  void needsLengthsAndText() {
    Path plain = folder.resolve("plain");
    SplitCompiler.split(
        Fixtures.folder("bart"), plain, SplitOptions.defaults(), ProgressListener.NONE);
    assertThatThrownBy(() -> SimCompiler.compile(plain, samples(1, 4), WeightBits.EIGHT, n -> {}))
        .isInstanceOf(SplitException.class)
        .hasMessageContaining("--hailo");
    Path root = folder.resolve("b");
    Hailo.fixture("bart", root, HailoBuckets.parse("8"));
    assertThatThrownBy(() -> SimCompiler.compile(root, List.of(), WeightBits.EIGHT, n -> {}))
        .isInstanceOf(SplitException.class)
        .hasMessageContaining("no text");
  }
}

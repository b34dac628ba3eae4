package dev.cleave.split.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.UpperSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The text; what the program computes is tested where libtorch runs it. */
class UpperEmitterTest {
  private static final UpperScriptOptions CPU =
      new UpperScriptOptions("cpu", WeightPrecision.F32, 4, 50);

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "INT8"})
  void packsEveryTensorOfTheDescriptionAndNoOther(WeightPrecision precision) {
    UpperSpec spec = spec(new AttentionSpec.Rope(10_000, 8));
    TreeSet<String> expected = new TreeSet<>();
    CanonicalTensors.ofUpper(spec).forEach(t -> expected.add(t.name()));
    UpperScriptOptions options = new UpperScriptOptions("cpu", precision, 4, 50);
    List<String> packed = new ArrayList<>();
    for (PackedWeight weight : UpperEmitter.emit(spec, options).weights()) {
      weight.parts().forEach(part -> packed.add(part.name().orElseThrow()));
    }
    assertThat(new TreeSet<>(packed)).isEqualTo(expected);
    // the norms of queries and keys once for each head, all else once
    assertThat(packed).hasSize(expected.size() + 2 * (4 + 2) - 2 * 2);
  }

  @Test
  void writesTheSameProgramTwice() {
    UpperSpec spec = spec(new AttentionSpec.Rope(10_000, 8));
    assertThat(UpperEmitter.emit(spec, CPU).archive())
        .isEqualTo(UpperEmitter.emit(spec, CPU).archive());
    // 2 layers of K and V, 16 wide, f32
    assertThat(UpperEmitter.emit(spec, CPU).kvBytesPerPosition()).isEqualTo(2 * 2 * 16 * 4);
  }

  @Test
  void whatDoesNotRotateIsNotReordered() {
    assertThat(UpperEmitter.emit(spec(new AttentionSpec.NoPositions()), CPU).text())
        .doesNotContain("view_as_complex")
        .doesNotContain("paired");
    assertThat(UpperEmitter.emit(spec(new AttentionSpec.Rope(10_000, 4)), CPU).text())
        .contains("order = torch.tensor([0, 2, 1, 3, 4, 5, 6, 7], dtype=4)");
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16", "F16"})
  void programForCudaNamesItsDeviceAndNoCpuKernel(WeightPrecision precision) {
    UpperScriptOptions cuda = new UpperScriptOptions("cuda:1", precision, 4, 50);
    assertThat(UpperEmitter.emit(spec(new AttentionSpec.Rope(10_000, 8)), cuda).text())
        .doesNotContain("ops.")
        .doesNotContain("torch.device(\"cpu\")")
        .contains("x = torch.to(hidden, torch.device(\"cuda:1\"), 6)");
  }

  @Test
  void wholeTextProgramIsPlain() {
    String text = ForcedUpperEmitter.emit(spec(new AttentionSpec.Rope(10_000, 8)), 50).text();
    assertThat(text).doesNotContain("ops.").contains("torch.linear(");
  }

  @Test
  void refusesWhatADeviceCannotDoFast() {
    assertThatThrownBy(() -> new UpperScriptOptions("cpu", WeightPrecision.F16, 1, 1))
        .hasMessageContaining("f16 is for cuda");
    assertThatThrownBy(() -> new UpperScriptOptions("cuda:0", WeightPrecision.INT8, 1, 1))
        .hasMessageContaining("int8 is for x86 CPUs");
    assertThatThrownBy(() -> new UpperScriptOptions("cpu", WeightPrecision.F32, 0, 1))
        .hasMessageContaining("positive: 0, 1");
    assertThatThrownBy(() -> new UpperScriptOptions("gpu", WeightPrecision.F32, 1, 1))
        .hasMessageContaining("cpu or cuda:N: gpu");
  }

  private static UpperSpec spec(AttentionSpec.Positions positions) {
    NormSpec norm = new NormSpec(NormSpec.Kind.RMS, 1e-5);
    AttentionSpec self =
        new AttentionSpec(
            new AttentionSpec.Layout(4, 2, 8),
            new AttentionSpec.Biases(true, true, true, false),
            0.5,
            positions,
            Optional.of(norm));
    return new UpperSpec(
        "test",
        32,
        new UpperSpec.Layers(3, 5),
        new BlockSpec(
            norm,
            NormSpec.Placement.PRE,
            self,
            Optional.empty(),
            new MlpSpec(48, true, MlpSpec.Activation.SILU, false)),
        Optional.of(norm),
        new HeadSpec(70, true, 1, true));
  }
}

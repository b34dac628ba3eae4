package dev.cleave.server.upper;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.server.engine.EngineException;
import dev.cleave.split.torch.WeightPrecision;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which processors int8 is refused on. */
class VnniCheckTest {
  private static final String SKYLAKE =
      """
      processor\t: 0
      model name\t: a processor that was told avx512_vnni
      flags\t\t: fpu sse2 avx2 avx512f avx512bw avx512vl
      vmx flags\t: avx_vnni
      """;

  @TempDir Path folder;

  /** Whether this machine may compute in int8, for tests that do. */
  static boolean isHere() {
    try {
      VnniCheck.require();
      return true;
    } catch (EngineException e) {
      return false;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"avx512_vnni", "avx_vnni"})
  void takesEitherFlag(String flag) {
    String one = "processor\t: 0\nflags\t\t: fpu fpu avx2 " + flag + " sse2\n\n";
    assertThatCode(() -> VnniCheck.require(one + one)).doesNotThrowAnyException();
  }

  @Test
  void refusesAProcessorWithout() {
    assertThatThrownBy(() -> VnniCheck.require(SKYLAKE))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("int8")
        .hasMessageContaining("neither avx512_vnni nor avx_vnni")
        .hasMessageContaining("take --precision bf16 or f32");
  }

  @Test
  void refusesWhenOneOfSeveralIsWithout() {
    String with = "flags\t\t: avx2 avx_vnni\n";
    assertThatThrownBy(() -> VnniCheck.require(with + "flags\t\t: avx2\n" + with))
        .isInstanceOf(EngineException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "processor\t: 0\nFeatures\t: asimd\n"})
  void refusesWhatSaysNothing(String cpuinfo) {
    assertThatThrownBy(() -> VnniCheck.require(cpuinfo))
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("lists no flags")
        .hasMessageContaining("bf16 or f32");
  }

  /** On a machine without, opening says so; on one with, it opens. */
  @Test
  void theEngineAsksWhenItOpens() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, 1, folder);
    if (isHere()) {
      assertThatCode(() -> model.open(WeightPrecision.INT8).close()).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> model.open(WeightPrecision.INT8)).hasMessageContaining("int8");
    }
    assertThatCode(() -> model.open(WeightPrecision.BF16).close()).doesNotThrowAnyException();
  }
}

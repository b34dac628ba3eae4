package dev.cleave.server.upper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.NativeHeap;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Native memory, by what the C library says is allocated. */
@EnabledOnOs(OS.LINUX)
class UpperNativeMemoryTest {
  private static final long MEBIBYTE = 1 << 20;

  /** A lost tensor is over 400 bytes, so that one in each of 1 000 rounds shows as 400 000. */
  private static final long LOSS = 200_000;

  @TempDir Path folder;

  @Test
  void stepsLeakNothing() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.QWEN3, 1, folder);
    try (TorchUpperEngine engine = model.open()) {
      FloatBuffer states = model.states(RandomUpper.MAX_STEP, 1);
      rounds(engine, states, 500);
      assertThat(NativeHeap.steadyGrowth(() -> rounds(engine, states, 1_000))).isLessThan(LOSS);
    }
  }

  @Test
  void gradientsLeakNothing() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.QWEN3, 1, folder);
    try (ForcedUpper forced = ForcedUpper.open(model.spec, model.file, 64, 1)) {
      FloatBuffer states = model.states(8, 1);
      calls(forced, states, 300);
      assertThat(NativeHeap.steadyGrowth(() -> calls(forced, states, 1_000))).isLessThan(LOSS);
    }
  }

  /** 3 layers of K and V, 2 heads of 10: 480 bytes a position and 123 MB for 256 000. */
  @Test
  void slotsGiveTheirMemoryBack() {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, 1, folder);
    int positions = 256_000;
    UpperOptions.Sizes sizes = new UpperOptions.Sizes(2, positions, 8);
    UpperOptions options = new UpperOptions("cpu", WeightPrecision.F32, sizes, 1);
    try (TorchUpperEngine engine = TorchUpperEngine.open(model.spec, model.file, options)) {
      assertThat(engine.shape().kvBytesPerPosition()).isEqualTo(3 * 2 * 2 * 10 * 4);
      long before = NativeHeap.allocatedBytes();
      engine.allocate(1, positions);
      assertThat(NativeHeap.allocatedBytes() - before).isGreaterThan(110 * MEBIBYTE);
      engine.free(1);
      assertThat(NativeHeap.allocatedBytes() - before).isLessThan(8 * MEBIBYTE);
    }
  }

  /** Of 3 layers with 160 MB each, the address space takes one. */
  @Test
  void whatDoesNotFitLeavesNothing() throws IOException {
    RandomUpper model = new RandomUpper(RandomUpper.Form.LLAMA, 1, folder);
    int positions = 1_000_000;
    UpperOptions.Sizes sizes = new UpperOptions.Sizes(2, positions, 8);
    UpperOptions options = new UpperOptions("cpu", WeightPrecision.F32, sizes, 1);
    try (TorchUpperEngine engine = TorchUpperEngine.open(model.spec, model.file, options)) {
      long before = NativeHeap.allocatedBytes();
      try (AddressSpace _ = AddressSpace.limit(250 * MEBIBYTE)) {
        assertThatThrownBy(() -> engine.allocate(1, positions))
            .isInstanceOf(EngineException.class)
            .hasMessageContaining("cannot allocate");
      }
      assertThat(NativeHeap.allocatedBytes() - before).isLessThan(8 * MEBIBYTE);
      engine.free(1);
      engine.allocate(1, positions);
      assertThat(NativeHeap.allocatedBytes() - before).isGreaterThan(440 * MEBIBYTE);
    }
  }

  private static void rounds(TorchUpperEngine engine, FloatBuffer states, int count) {
    for (int n = 0; n < count; n++) {
      engine.allocate(0, 20);
      engine.allocate(1, 20);
      engine.step(List.of(new Segment(0, 0, 5, 1), new Segment(1, 0, 1, 1)), states, n % 2 == 0);
      engine.step(List.of(new Segment(0, 5, 1, 1)), states, n % 2 == 0);
      engine.step(List.of(new Segment(0, 6, 1, 1), new Segment(1, 1, 1, 1)), states, false);
      engine.free(0);
      engine.free(1);
    }
  }

  private static void calls(ForcedUpper forced, FloatBuffer states, int count) {
    int[] rows = {0, 3, 7};
    for (int n = 0; n < count; n++) {
      forced.logits(states, 8, rows);
      forced.gradient(states, 8, rows, rows);
    }
  }
}

package dev.cleave.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.torch.WeightPrecision;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native memory, by what the C library says is allocated: libtorch's tensors are in no counter of
 * the JVM.
 */
@EnabledOnOs(OS.LINUX)
class TorchMemoryTest {
  private static final long MEBIBYTE = 1 << 20;

  @TempDir Path folder;

  /** A lost tensor is over 400 bytes, so that one in each of 2 000 rounds shows as 800 000. */
  @Test
  void stepsLeakNothing() {
    FixtureDecoder fixture = FixtureDecoder.split("t5-v1.1-untied-gated-gelu", folder);
    try (TorchDecoderEngine engine = fixture.open(FixtureDecoder.options(4))) {
      FloatBuffer hidden = fixture.hidden(0);
      rounds(engine, hidden, 1_000);
      assertThat(NativeHeap.steadyGrowth(() -> rounds(engine, hidden, 2_000))).isLessThan(400_000);
    }
  }

  @Test
  void closeGivesTheMemoryBack() {
    FixtureDecoder fixture = FixtureDecoder.split("bart", folder);
    // 2 layers of K and V, 64 wide, 128 own positions and 1024 of the prompt: 151 MB in 128 slots
    EngineOptions large = new EngineOptions("cpu", WeightPrecision.F32, 128, 1024, 128, 1);
    long before = NativeHeap.allocatedBytes();
    long most = fillAndClose(fixture, large);
    // what stays after the first time is libtorch's scratch memory
    long first = NativeHeap.allocatedBytes();
    // less than all of it: what earlier tests left to the collector may be freed meanwhile
    assertThat(most - before).isGreaterThan(100 * MEBIBYTE);
    assertThat(first - before).isLessThan(120 * MEBIBYTE);
    for (int n = 0; n < 4; n++) {
      fillAndClose(fixture, large);
    }
    assertThat(NativeHeap.allocatedBytes() - first).isLessThan(48 * MEBIBYTE);
  }

  /** The bytes that the process held before the close. */
  private static long fillAndClose(FixtureDecoder fixture, EngineOptions options) {
    try (TorchDecoderEngine engine = fixture.open(options)) {
      FloatBuffer hidden = FixtureDecoder.direct(1024 * 64);
      for (int slot = 0; slot < 128; slot++) {
        engine.prefill(slot, hidden, 1024);
      }
      return NativeHeap.allocatedBytes();
    }
  }

  private static void rounds(TorchDecoderEngine engine, FloatBuffer hidden, int count) {
    long[] tokens = new long[4];
    for (int n = 0; n < count; n++) {
      long position = n % 32;
      engine.prefill(n % 4, hidden, 1 + n % 2);
      engine.step(
          n % 8 == 0 ? 4 : 1,
          tokens,
          new long[] {position, position, position, position},
          n % 2 == 0);
      if (n % 8 == 0) {
        engine.copySlot(n % 4, (n + 1) % 4);
        engine.clearSlot((n + 2) % 4);
      }
    }
  }
}

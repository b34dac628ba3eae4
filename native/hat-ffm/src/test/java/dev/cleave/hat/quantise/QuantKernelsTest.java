package dev.cleave.hat.quantise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernels against the vendor's definition, and what they refuse. */
class QuantKernelsTest {
  private static final QuantInfo HALVES = new QuantInfo(0.5f, 100, -50, 77.5f);

  private static int uint8(float value, QuantInfo info) {
    byte[] stored = new byte[1];
    QuantKernels.toUint8(
        MemorySegment.ofArray(new float[] {value}), 1, info, MemorySegment.ofArray(stored));
    return stored[0] & 0xFF;
  }

  private static int uint16(float value, QuantInfo info) {
    byte[] stored = new byte[2];
    QuantKernels.toUint16(
        MemorySegment.ofArray(new float[] {value}), 1, info, MemorySegment.ofArray(stored));
    return (stored[0] & 0xFF) | (stored[1] & 0xFF) << 8;
  }

  @Test
  void theVectorCodeIsChosenWhereTheModuleIs() {
    assertThat(QuantKernels.vectorised())
        .isEqualTo(ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 100",
    "0.25, 100",
    "0.75, 102",
    "-0.25, 100",
    "1, 102",
    "-50, 0",
    "-51, 0",
    "77.5, 255",
    "78, 255",
    "1e30, 255",
    "-1e30, 0",
    "Infinity, 255",
    "-Infinity, 0"
  })
  void roundsHalfToEvenAndClips(float value, int stored) {
    assertThat(uint8(value, HALVES)).isEqualTo(stored);
    assertThat(uint16(value, HALVES)).isEqualTo(stored);
  }

  @Test
  void clipsToTheLimitsAndNotOnlyToTheType() {
    QuantInfo narrow = new QuantInfo(0.5f, 100, -10, 10);
    assertThat(uint8(40, narrow)).isEqualTo(120);
    assertThat(uint8(-40, narrow)).isEqualTo(80);
  }

  @Test
  void identityIsClippedToTheTypeAlone() {
    assertThat(uint8(254.5f, QuantInfo.IDENTITY)).isEqualTo(254);
    assertThat(uint8(300, QuantInfo.IDENTITY)).isEqualTo(255);
    assertThat(uint8(-1, QuantInfo.IDENTITY)).isZero();
    assertThat(uint16(65534.5f, QuantInfo.IDENTITY)).isEqualTo(65534);
    assertThat(uint16(1e9f, QuantInfo.IDENTITY)).isEqualTo(65535);
  }

  @Test
  void whatIsStoredComesBackAsItself() {
    QuantInfo info = new QuantInfo(3.1e-4f, 32768, -32768 * 3.1e-4f, 32767 * 3.1e-4f);
    byte[] stored = new byte[2 * 65536];
    MemorySegment shorts = MemorySegment.ofArray(stored);
    for (int i = 0; i < 65536; i++) {
      shorts.set(ScalarQuantKernels.SHORT, 2L * i, (short) i);
    }
    MemorySegment values = MemorySegment.ofArray(new float[65536]);
    QuantKernels.fromUint16(shorts, 65536, info, values);
    MemorySegment again = MemorySegment.ofArray(new byte[2 * 65536]);
    QuantKernels.toUint16(values, 65536, info, again);
    assertThat(again.mismatch(shorts)).isEqualTo(-1);
    assertThat(values.getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(-32768 * 3.1e-4f);

    QuantKernels.fromUint8(shorts, 256, HALVES, values);
    QuantKernels.toUint8(values, 256, HALVES, again);
    assertThat(again.asSlice(0, 256).mismatch(shorts.asSlice(0, 256))).isEqualTo(-1);
    assertThat(values.getAtIndex(ValueLayout.JAVA_FLOAT, 2)).isEqualTo((1 - 100) * 0.5f);
  }

  /** Scalar code first, then both, then vector code: nobody may see which. */
  @Test
  void warmingUpChangesNoResult() {
    int n = 2003;
    MemorySegment values = MemorySegment.ofArray(new float[n]);
    for (int i = 0; i < n; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.sin(i) * 90);
    }
    MemorySegment expected = MemorySegment.ofArray(new byte[2 * n]);
    new ScalarQuantKernels().toUint16(values, n, HALVES, expected);
    MemorySegment back = MemorySegment.ofArray(new float[n]);
    new ScalarQuantKernels().fromUint16(expected, n, HALVES, back);
    MemorySegment stored = MemorySegment.ofArray(new byte[2 * n]);
    MemorySegment again = MemorySegment.ofArray(new float[n]);
    for (int call = 0; call < 2200; call++) {
      QuantKernels.toUint16(values, n, HALVES, stored.fill((byte) 1));
      assertThat(stored.mismatch(expected)).as("call %d", call).isEqualTo(-1);
      QuantKernels.fromUint16(stored, n, HALVES, again.fill((byte) 1));
      assertThat(again.mismatch(back)).as("call %d", call).isEqualTo(-1);
    }
    values.setAtIndex(ValueLayout.JAVA_FLOAT, n - 1, Float.NaN);
    assertThatThrownBy(() -> QuantKernels.toUint16(values, n, HALVES, stored))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesWhatHasNoInteger() {
    assertThatThrownBy(() -> uint8(Float.NaN, HALVES))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a number");
    assertThatThrownBy(() -> uint16(Float.NaN, QuantInfo.IDENTITY))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not a number");
  }

  @Test
  void refusesQuantisationPerFeature() {
    QuantInfo perFeature = new QuantInfo(0, 0, 0, 0);
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    MemorySegment values = MemorySegment.ofArray(new float[2]);
    for (Runnable kernel :
        new Runnable[] {
          () -> QuantKernels.toUint8(values, 2, perFeature, bytes),
          () -> QuantKernels.toUint16(values, 2, perFeature, bytes),
          () -> QuantKernels.fromUint8(bytes, 2, perFeature, values),
          () -> QuantKernels.fromUint16(bytes, 2, perFeature, values)
        }) {
      assertThatThrownBy(kernel::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("per feature");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 0, -1, 1",
    "NaN, 0, -1, 1",
    "Infinity, 0, -1, 1",
    "1, NaN, -1, 1",
    "2, 0, 0, 0",
    "2, 0, 1, -1",
    "2, 0, NaN, 1"
  })
  void refusesParametersThatMakeNoSense(float scale, float zero, float low, float high) {
    assertThatThrownBy(() -> uint16(1, new QuantInfo(scale, zero, low, high)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesSegmentsThatAreTooShort() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[7]);
    MemorySegment values = MemorySegment.ofArray(new float[7]);
    QuantKernels.toUint8(values, 7, HALVES, bytes);
    for (Runnable kernel :
        new Runnable[] {
          () -> QuantKernels.toUint8(values, 8, HALVES, bytes),
          () -> QuantKernels.toUint16(values, 4, HALVES, bytes),
          () -> QuantKernels.fromUint8(bytes, -1, HALVES, values),
          () -> QuantKernels.fromUint16(bytes, 4, HALVES, values)
        }) {
      assertThatThrownBy(kernel::run).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  /** Once compiled: until then vectors are objects. */
  @Test
  void allocatesNothing() {
    int n = 1024;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(4L * n);
      MemorySegment stored = arena.allocate(2L * n);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      for (int call = 0; call < 1700; call++) {
        convert(values, stored, n);
      }
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 200 && least > 0; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 50; i++) {
          convert(values, stored, n);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertThat(least).as("bytes of the best of 200 rounds").isZero();
    }
  }

  private static void convert(MemorySegment values, MemorySegment stored, int n) {
    QuantKernels.toUint16(values, n, HALVES, stored);
    QuantKernels.fromUint16(stored, n, HALVES, values);
    QuantKernels.toUint8(values, n, HALVES, stored);
    QuantKernels.fromUint8(stored, n, HALVES, values);
  }
}

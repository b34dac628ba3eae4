package dev.cleave.hat.quantise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vector code against the scalar code, bit for bit. */
class QuantSupportTest {
  private static final int[] SIZES = {0, 1, 3, 4, 7, 8, 13, 15, 16, 17, 31, 64, 207, 1024, 2049};
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final float[] ODD = {
    0f,
    -0f,
    Float.MIN_VALUE,
    -1e-40f,
    0.5f,
    1.5f,
    2.5f,
    -0.5f,
    254.5f,
    255.5f,
    65534.5f,
    65535.5f,
    65536f,
    4194303.5f,
    -8388609f,
    1e30f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY
  };
  private static final List<QuantInfo> INFOS =
      List.of(
          QuantInfo.IDENTITY,
          new QuantInfo(1, 7, -7, 248),
          new QuantInfo(0.0173f, 113, -1.9549f, 2.4566f),
          new QuantInfo(3.1e-4f, 32768, -10.1f, 10.2f),
          new QuantInfo(1e-30f, 3.25f, -1e-28f, 1e-28f),
          new QuantInfo(1e30f, 0, -1e31f, 3e38f));

  private final ScalarQuantKernels scalar = new ScalarQuantKernels();

  /** Loaded as {@link QuantKernels} does it, so that this class runs without the module. */
  private static QuantSupport vector() throws ReflectiveOperationException {
    assumeThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
    return Class.forName("dev.cleave.hat.quantise.VectorQuantKernels")
        .asSubclass(QuantSupport.class)
        .getDeclaredConstructor()
        .newInstance();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void quantisersAgree(long seed) throws ReflectiveOperationException {
    QuantSupport vector = vector();
    Random random = new Random(seed);
    try (Arena arena = Arena.ofConfined()) {
      for (int n : SIZES) {
        for (QuantInfo info : INFOS) {
          String where = "seed %d, size %d, %s".formatted(seed, n, info);
          MemorySegment values = values(arena, random, n, info);
          MemorySegment expected = arena.allocate(2L * n + 8);
          MemorySegment actual = arena.allocate(2L * n + 8);
          assertThat(scalar.toUint8(values, n, info, expected)).as(where).isTrue();
          assertThat(vector.toUint8(values, n, info, actual)).as(where).isTrue();
          assertThat(actual.mismatch(expected)).as("byte, " + where).isEqualTo(-1);
          assertThat(scalar.toUint16(values, n, info, expected)).as(where).isTrue();
          assertThat(vector.toUint16(values, n, info, actual)).as(where).isTrue();
          assertThat(actual.mismatch(expected)).as("bytes, " + where).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void dequantisersAgree(long seed) throws ReflectiveOperationException {
    QuantSupport vector = vector();
    Random random = new Random(seed);
    try (Arena arena = Arena.ofConfined()) {
      for (int n : SIZES) {
        for (QuantInfo info : INFOS) {
          String where = "seed %d, size %d, %s".formatted(seed, n, info);
          byte[] bytes = new byte[2 * n];
          random.nextBytes(bytes);
          MemorySegment stored = MemorySegment.ofArray(bytes);
          MemorySegment expected = arena.allocate(4L * n + 8);
          MemorySegment actual = arena.allocate(4L * n + 8);
          scalar.fromUint8(stored, n, info, expected);
          vector.fromUint8(stored, n, info, actual);
          assertThat(actual.mismatch(expected)).as("byte, " + where).isEqualTo(-1);
          scalar.fromUint16(stored, n, info, expected);
          vector.fromUint16(stored, n, info, actual);
          assertThat(actual.mismatch(expected)).as("bytes, " + where).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 16, 207})
  void bothFindWhatIsNotANumberWhereverItIs(int n) throws ReflectiveOperationException {
    QuantSupport vector = vector();
    QuantInfo info = INFOS.get(3);
    MemorySegment stored = MemorySegment.ofArray(new byte[2 * n]);
    for (int at = 0; at < n; at++) {
      for (int bits : new int[] {0x7FC00000, 0xFFC00001, 0x7F800001}) {
        float[] values = new float[n];
        values[at] = Float.intBitsToFloat(bits);
        MemorySegment real = MemorySegment.ofArray(values);
        for (QuantSupport support : List.of(scalar, vector)) {
          assertThat(support.toUint8(real, n, info, stored)).as("%d of %d", at, n).isFalse();
          assertThat(support.toUint16(real, n, info, stored)).as("%d of %d", at, n).isFalse();
        }
      }
    }
  }

  /** Not aligned, and about the range of the quantisation, with what is odd strewn in. */
  private static MemorySegment values(Arena arena, Random random, int n, QuantInfo info) {
    MemorySegment values = arena.allocate(4L * n + 1).asSlice(1);
    float middle = info.zeroPoint() * -info.scale();
    for (int i = 0; i < n; i++) {
      float value =
          switch (random.nextInt(4)) {
            case 0 -> ODD[random.nextInt(ODD.length)];
            case 1 -> (random.nextInt(70_000) - 2_000) * 0.5f * info.scale() + middle;
            default -> (random.nextFloat() - 0.5f) * 140_000 * info.scale() + middle;
          };
      values.set(FLOAT, 4L * i, Float.isNaN(value) ? 0 : value);
    }
    return values;
  }
}

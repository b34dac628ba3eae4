package dev.cleave.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The vector code against the scalar code, bit for bit, and the scalar code against definitions.
 */
class KernelSupportTest {
  private static final int[] SIZES = {
    0, 1, 7, 13, 15, 16, 17, 63, 64, 65, 207, 768, 1000, 1024, 2048
  };
  private static final float[] ODD = {
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    1e-40f,
    -3e-39f,
    Float.MIN_NORMAL,
    0.5f,
    1.5f,
    2.5f,
    -0.5f,
    -1.5f,
    127.5f,
    -126.5f,
    4194303.5f,
    -4194304.5f,
    8388609f,
    -1.3e7f,
    -2.9e7f,
    1e30f,
    -1e30f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE
  };
  private static final float[] NOT_FINITE = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.intBitsToFloat(0xFFC00001)
  };

  private final ScalarKernels scalar = new ScalarKernels();

  /** Loaded as {@link Kernels} does it, so that this class runs without the module. */
  private static KernelSupport vector() throws ReflectiveOperationException {
    assumeThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
    return Class.forName("dev.cleave.codec.kernel.VectorKernels")
        .asSubclass(KernelSupport.class)
        .getDeclaredConstructor()
        .newInstance();
  }

  @Test
  void theVectorCodeIsChosenWhereTheModuleIs() {
    assertThat(Kernels.vectorised())
        .isEqualTo(ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void elementwiseKernelsAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n : SIZES) {
      String where = "seed %d, size %d".formatted(seed, n);
      int at = random.nextInt(4);
      float[] values = values(random, at + n, false);
      Affine map = Affine.of(values(random, n, false), values(random, n, false));
      for (float gain : new float[] {1, 1.0905077f, 0}) {
        float[] expected = new float[n];
        float[] actual = new float[n];
        scalar.center(values, at, map, gain, expected);
        vector.center(values, at, map, gain, actual);
        assertSameBits(where, actual, expected);
        float[] row = values(random, n, false);
        float[] expectedRows = values.clone();
        float[] actualRows = values.clone();
        scalar.restore(row, map, gain, expectedRows, at);
        vector.restore(row, map, gain, actualRows, at);
        assertSameBits(where, actualRows, expectedRows);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void reductionsAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n : SIZES) {
      for (int round = 0; round < 8; round++) {
        String where = "seed %d, size %d, round %d".formatted(seed, n, round);
        int at = random.nextInt(4);
        float[] values = values(random, at + n, round > 3);
        assertThat(Float.floatToRawIntBits(vector.maxMagnitude(values, at, n)))
            .as(where)
            .isEqualTo(Float.floatToRawIntBits(scalar.maxMagnitude(values, at, n)));
        assertThat(Double.doubleToLongBits(vector.sumOfSquares(values, at, n)))
            .as(where)
            .isEqualTo(Double.doubleToLongBits(scalar.sumOfSquares(values, at, n)));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void quantisersAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n : SIZES) {
      for (int limit : new int[] {1, 7, 127}) {
        for (float inverse : new float[] {1, 0.1f, 1e-30f, 1e30f, 0}) {
          String where = "seed %d, size %d, limit %d, %s".formatted(seed, n, limit, inverse);
          float[] values = values(random, n, false);
          byte[] expected = new byte[n];
          byte[] actual = new byte[n];
          scalar.quantise(values, n, inverse, limit, expected);
          vector.quantise(values, n, inverse, limit, actual);
          assertThat(actual).as(where).containsExactly(expected);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void symbolsAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n : SIZES) {
      int at = random.nextInt(4);
      float[] values = values(random, at + n, true);
      for (int reach : new int[] {0, 1, 9, Cut.MAX_REACH}) {
        for (float perStep : new float[] {1, 3.7f, 1e-30f, 1e30f}) {
          Cut cut = new Cut(perStep, reach);
          byte[] expected = new byte[at + n];
          byte[] actual = new byte[at + n];
          int highest = scalar.quantise(values, at, n, cut, expected);
          String where = "seed %d, size %d, %s".formatted(seed, n, cut);
          assertThat(vector.quantise(values, at, n, cut, actual)).as(where).isEqualTo(highest);
          assertThat(actual).as(where).containsExactly(expected);
        }
      }
    }
  }

  @Test
  void symbolsFollowTheDefinition() {
    long seed = 8;
    float[] values = values(new Random(seed), 100_000, true);
    Cut cut = new Cut(3, 5);
    byte[] symbols = new byte[values.length];
    assertThat(Kernels.quantise(values, 0, values.length, cut, symbols)).isEqualTo(cut.beyond());
    for (int i = 0; i < values.length; i++) {
      double steps = Math.floor(values[i] * 3f + 0.5);
      boolean inside = Math.abs(steps) <= 5;
      assertThat((double) symbols[i])
          .as("seed %d, value %s", seed, values[i])
          .isEqualTo(inside ? steps + 5 : cut.beyond());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void rotationsAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n = 1; n <= 16384; n *= 2) {
      int at = random.nextInt(4);
      float[] expected = values(random, at + n + 3, false);
      float[] actual = expected.clone();
      scalar.rotate(expected, at, n);
      vector.rotate(actual, at, n);
      assertSameBits("seed %d, size %d".formatted(seed, n), actual, expected);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 20261121})
  void productsAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int width : new int[] {1, 7, 13, 15, 16, 17, 63, 64, 65, 207, 300}) {
      for (int count : new int[] {0, 1, 2, 3, 4, 5, 9}) {
        float[] rows = values(random, count * width, false);
        float[] matrix = values(random, width * width, false);
        float[] expected = new float[count * width];
        float[] actual = new float[count * width];
        Arrays.fill(actual, 17);
        scalar.multiply(rows, count, matrix, width, expected);
        vector.multiply(rows, count, matrix, width, actual);
        assertSameBits(
            "seed %d, width %d, count %d".formatted(seed, width, count), actual, expected);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20261121})
  void pathsThroughATrellisAgree(long seed) throws ReflectiveOperationException {
    KernelSupport vector = vector();
    Random random = new Random(seed);
    for (int n : SIZES) {
      float[] metrics = new float[Kernels.WAYS * (n + 1)];
      for (int i = 0; i < metrics.length; i++) {
        // Few different ones, so that paths tie.
        metrics[i] = random.nextInt(64) == 0 ? 1e20f : random.nextInt(8) / 7f;
      }
      float[] expectedCosts = {0, 1e20f, 1e20f, 1e20f, 1e20f, 1e20f, 1e20f, 1e20f};
      float[] actualCosts = expectedCosts.clone();
      byte[] expected = new byte[n + 3];
      byte[] actual = new byte[n + 3];
      scalar.extendPaths(metrics, n, expectedCosts, expected, 3);
      vector.extendPaths(metrics, n, actualCosts, actual, 3);
      String where = "seed %d, size %d".formatted(seed, n);
      assertSameBits(where, actualCosts, expectedCosts);
      assertThat(actual).as(where).isEqualTo(expected);
    }
  }

  @Test
  void roundsHalfToEvenAndClamps() {
    long seed = 5;
    Random random = new Random(seed);
    float[] values = values(random, 100_000, false);
    for (int limit : new int[] {5, 127}) {
      byte[] q = new byte[values.length];
      scalar.quantise(values, values.length, 3, limit, q);
      for (int i = 0; i < q.length; i++) {
        double expected = Math.clamp(Math.rint((double) (values[i] * 3f)), -limit, limit);
        assertThat((double) q[i])
            .as("seed %d, value %s", seed, values[i])
            .isEqualTo(expected + 0.0);
      }
    }
  }

  @Test
  void maxMagnitudeTellsWhatIsNotFinite() {
    for (float odd : NOT_FINITE) {
      for (int n : new int[] {1, 16, 33, 207}) {
        float[] values = new float[n];
        Arrays.fill(values, -Float.MAX_VALUE);
        assertThat(Kernels.maxMagnitude(values, 0, n)).isEqualTo(Float.MAX_VALUE);
        values[n / 2] = odd;
        assertThat(Kernels.maxMagnitude(values, 0, n) <= Float.MAX_VALUE).isFalse();
      }
    }
  }

  @Test
  void theRotationIsASymmetricMatrixOfSignsAndItsOwnInverse() {
    for (int n : new int[] {1, 2, 16, 128, 256, 512, 1024}) {
      float[][] columns = new float[n][n];
      for (int c = 0; c < n; c++) {
        columns[c][c] = 1;
        Kernels.rotate(columns[c], 0, n);
      }
      for (int c = 0; c < n; c++) {
        for (int r = 0; r < n; r++) {
          assertThat(Math.abs(columns[c][r])).isEqualTo(1);
          assertThat(columns[c][r]).isEqualTo(columns[r][c]);
        }
        float[] twice = columns[c].clone();
        Kernels.rotate(twice, 0, n);
        for (int r = 0; r < n; r++) {
          assertThat(twice[r]).isEqualTo(r == c ? n : 0);
        }
      }
    }
  }

  @Test
  void productsFollowTheDefinition() {
    long seed = 6;
    Random random = new Random(seed);
    int width = 37;
    float[] rows = values(random, 5 * width, false);
    float[] matrix = values(random, width * width, false);
    float[] out = new float[5 * width];
    Kernels.multiply(rows, 5, matrix, width, out);
    for (int r = 0; r < 5; r++) {
      for (int i = 0; i < width; i++) {
        float sum = 0;
        for (int c = 0; c < width; c++) {
          sum += rows[r * width + c] * matrix[c * width + i];
        }
        assertSameBits(
            "seed %d, row %d, %d".formatted(seed, r, i),
            new float[] {out[r * width + i]},
            new float[] {sum});
      }
    }
  }

  /** Normal values of all magnitudes, and some of those where floats are odd. */
  private static float[] values(Random random, int n, boolean withNotFinite) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      float wide = Math.scalb((float) random.nextGaussian(), random.nextInt(60) - 30);
      values[i] =
          switch (random.nextInt(16)) {
            case 0, 1 -> ODD[random.nextInt(ODD.length)];
            case 2 -> withNotFinite ? NOT_FINITE[random.nextInt(NOT_FINITE.length)] : wide;
            case 3, 4, 5 -> wide;
            default -> (float) random.nextGaussian();
          };
    }
    return values;
  }

  /** As bits, but for the payload of a NaN, which a sum may take from either side. */
  private static void assertSameBits(String where, float[] actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToIntBits(actual[i]) != Float.floatToIntBits(expected[i])) {
        throw new AssertionError(
            "%s: element %d is %s, not %s".formatted(where, i, actual[i], expected[i]));
      }
    }
  }
}

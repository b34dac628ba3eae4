package dev.cleave.split.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelativeBiasTest {
  private static final int LONGEST = 2048;

  /** libtorch computes the reference's expression; a logarithm that rounds otherwise would show. */
  @ParameterizedTest
  @CsvSource({"32, 128, true", "32, 128, false", "16, 40, true", "16, 40, false", "64, 1000, true"})
  void agreesWithTheReferenceForEveryDistance(int buckets, int maxDistance, boolean bidirectional) {
    AttentionSpec.RelativeBias bias =
        new AttentionSpec.RelativeBias(buckets, maxDistance, bidirectional);
    int half = bidirectional ? buckets / 2 : buckets;
    int exact = half / 2;
    try (NDManager manager = Engine.getEngine("PyTorch").newBaseManager()) {
      NDArray gaps = manager.arange(exact, LONGEST, 1).toType(DataType.FLOAT32, false);
      NDArray large =
          gaps.div((float) exact)
              .log()
              .div(Math.log((double) maxDistance / exact))
              .mul(half - exact)
              .toType(DataType.INT64, false);
      long[] expected = large.toLongArray();
      for (int gap = 0; gap < LONGEST; gap++) {
        int wanted = gap < exact ? gap : (int) Math.min(exact + expected[gap - exact], half - 1L);
        assertThat(bias.bucket(-gap)).as("distance %d", -gap).isEqualTo(wanted);
        int after = bidirectional ? (gap == 0 ? 0 : half) + wanted : 0;
        assertThat(bias.bucket(gap)).as("distance %d", gap).isEqualTo(after);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 128", "30, 128", "32, 8", "131072, 1000000"})
  void refusesBucketsThatCannotBe(int buckets, int maxDistance) {
    assertThatThrownBy(() -> new AttentionSpec.RelativeBias(buckets, maxDistance, true))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

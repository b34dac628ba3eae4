package dev.cleave.codec.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

final class ReservoirTest {
  @Test
  void holdsAllRowsUntilItIsFullAndThenAsManyOfEachPart() {
    Reservoir reservoir = new Reservoir(2, 2 * 1000);
    assertThat(reservoir.capacity()).isEqualTo(1000);
    for (int r = 0; r < 10_000; r++) {
      reservoir.add(FloatBuffer.wrap(new float[] {9, r, -r, 9}), 1);
      if (r == 999) {
        assertThat(reservoir.rows()[2 * 999]).isEqualTo(999);
        assertThat(reservoir.rows()[2 * 500 + 1]).isEqualTo(-500);
      }
    }
    assertThat(reservoir.size()).isEqualTo(1000);
    assertThat(reservoir.seen()).isEqualTo(10_000);
    assertThat(reservoir.rows()).hasSize(2000);
    int[] parts = new int[5];
    for (int r = 0; r < 1000; r++) {
      assertThat(reservoir.rows()[2 * r + 1]).isEqualTo(-reservoir.rows()[2 * r]);
      parts[(int) reservoir.rows()[2 * r] / 2000]++;
    }
    // 200 in each, and five deviations of 12.6.
    for (int count : parts) {
      assertThat(count).isBetween(138, 262);
    }
  }

  @Test
  void isBoundedByElementsButHasSomeRows() {
    assertThat(new Reservoir(1 << 20, 1 << 22).capacity()).isEqualTo(64);
    assertThat(new Reservoir(2048, 1 << 22).capacity()).isEqualTo(2048);
    assertThat(new Reservoir(1, 1 << 22).capacity()).isEqualTo(4096);
  }
}

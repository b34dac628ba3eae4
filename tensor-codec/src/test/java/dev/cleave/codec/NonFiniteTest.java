package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NonFiniteTest {

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 13, 207, 1023, 1024, 1025, 5000})
  void findsTheFirstOne(int size) {
    FloatBuffer values = ByteBuffer.allocateDirect(4 * (size + 2)).asFloatBuffer();
    // Outside of position and limit, where nobody is to look.
    values.put(0, Float.NaN).put(size + 1, Float.NaN);
    values.position(1).limit(size + 1);
    for (int i = 0; i < size; i++) {
      values.put(1 + i, i % 2 == 0 ? Float.MAX_VALUE : -Float.MIN_VALUE);
    }
    assertThat(NonFinite.firstIndex(values)).isEqualTo(-1);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int at : new int[] {0, size / 2, size - 1}) {
        if (at >= 0 && at < size) {
          float good = values.get(1 + at);
          values.put(1 + at, bad).put(size, Float.NaN);
          assertThat(NonFinite.firstIndex(values)).isEqualTo(at);
          values.put(size, 1).put(1 + at, good);
        }
      }
    }
    assertThat(values.position()).isEqualTo(1);
  }
}

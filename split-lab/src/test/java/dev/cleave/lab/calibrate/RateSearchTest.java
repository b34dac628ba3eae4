package dev.cleave.lab.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.lab.measure.CodingEffect;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateSearchTest {
  private static final int WIDTH = 192;

  private final Set<Integer> asked = new HashSet<>();

  private RateSearch search(IntToDoubleFunction kl) {
    return new RateSearch(
        WIDTH,
        bytes -> {
          assertThat(asked.add(bytes)).as("asked once: %d", bytes).isTrue();
          return new CodingEffect(kl.applyAsDouble(bytes), 1, 1);
        });
  }

  /** Twelve bytes a bit and a half; the search must not need to know that. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20, 47, 48, 49, 120, 384})
  void findsTheFewestFromAnyStart(int guess) {
    IntToDoubleFunction kl = bytes -> 0.3 * Math.pow(2, -bytes / 12.0);
    int fewest = search(kl).fewest(0.01, guess).orElseThrow().bytesPerPosition();
    assertThat(kl.applyAsDouble(fewest)).isLessThanOrEqualTo(0.01);
    assertThat(kl.applyAsDouble(fewest - Math.max(1, fewest / 100))).isGreaterThan(0.01);
    assertThat(asked).hasSizeLessThan(12);
  }

  @Test
  void passesOverBytesThatTheCodecCannotMeet() {
    RateSearch search =
        search(bytes -> {
          if (bytes < 60) {
            throw new IllegalArgumentException("too few");
          }
          return 0.001;
        });
    assertThat(search.fewest(0.01, 10).orElseThrow().bytesPerPosition()).isEqualTo(60);
  }

  @Test
  void givesUpWhereNothingKeepsTheLimit() {
    assertThat(search(bytes -> 0.5).fewest(0.01, 48)).isEmpty();
    assertThat(asked).contains(2 * WIDTH);
  }

  @Test
  void findsOneByteWhereOneWillDo() {
    assertThat(search(bytes -> 0).fewest(0.01, 48).orElseThrow().bytesPerPosition()).isEqualTo(1);
  }
}

package dev.cleave.codec.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MomentsTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 31, 32, 33, 100})
  void meansAndProductsAreThoseOfTheDefinition(int count) {
    int width = 7;
    Random random = new Random(count);
    Moments all = new Moments(width, true);
    Moments squares = new Moments(width, false);
    double[][] rows = new double[count][width];
    for (double[] row : rows) {
      for (int c = 0; c < width; c++) {
        row[c] = random.nextGaussian() + c;
        all.next()[c] = row[c];
        squares.next()[c] = row[c];
      }
      all.added();
      squares.added();
    }
    assertThat(all.count()).isEqualTo(count);
    for (int i = 0; i < width; i++) {
      double sum = 0;
      for (double[] row : rows) {
        sum += row[i];
      }
      assertThat(all.mean(i)).isCloseTo(sum / count, within(1e-12));
      assertThat(squares.mean(i)).isEqualTo(all.mean(i));
      for (int k = i; k < width; k++) {
        double product = 0;
        for (double[] row : rows) {
          product += row[i] * row[k];
        }
        assertThat(all.product(i, k)).isCloseTo(product / count, within(1e-12));
      }
      assertThat(squares.square(i)).isEqualTo(all.product(i, i)).isEqualTo(all.square(i));
    }
  }
}

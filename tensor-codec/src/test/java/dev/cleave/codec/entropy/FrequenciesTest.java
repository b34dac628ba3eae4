package dev.cleave.codec.entropy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrequenciesTest {
  @Test
  void addUpWhateverTheWeights() {
    long seed = 9;
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      double[] weights = new double[2 + random.nextInt(255)];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = random.nextInt(4) == 0 ? 0 : Math.exp(8 * random.nextGaussian());
      }
      weights[0] = 1;
      weights[weights.length - 1] = 1e-9;
      int[] frequencies = new int[weights.length];
      Frequencies.normalise(weights, frequencies);
      assertThat(Arrays.stream(frequencies).sum()).as("round %d", round).isEqualTo(4096);
      for (int i = 0; i < weights.length; i++) {
        assertThat(frequencies[i] > 0).as("round %d", round).isEqualTo(weights[i] > 0);
      }
    }
  }

  @Test
  void costsAreLogarithms() {
    assertThat(Frequencies.cost(4096)).isZero();
    assertThat(Frequencies.cost(1024)).isEqualTo(2 << SymbolTable.COST_BITS);
    assertThat(Frequencies.cost(1)).isEqualTo(12 << SymbolTable.COST_BITS);
  }

  @Test
  void tablesRefuseWhatDoesNotAddUp() {
    assertThatThrownBy(() -> SymbolTable.of(new int[] {4095}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> SymbolTable.of(new int[] {4096}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> SymbolTable.of(new int[] {4095, -1, 2}))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

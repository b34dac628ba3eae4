package dev.cleave.codec.synthetic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OutlierSourceTest {
  private static final int WIDTH = OutlierSource.USUAL_WIDTH;
  private static final int HASH = 1985888708;

  @Test
  void sixChannelsHoldMostOfTheEnergy() {
    OutlierSource source = new OutlierSource(WIDTH, 1);
    double[] energy = new double[WIDTH];
    float[] states = source.states(2, 256);
    for (int i = 0; i < states.length; i++) {
      energy[i % WIDTH] += (double) states[i] * states[i] / 256;
    }
    Arrays.sort(energy);
    double outliers = Arrays.stream(energy, WIDTH - 6, WIDTH).sum();
    double ordinary = Arrays.stream(energy, 0, WIDTH - 6).sum();
    assertThat(outliers / (outliers + ordinary)).isBetween(0.92, 0.94);
    double rms = Math.sqrt(ordinary / (WIDTH - 6));
    assertThat(Math.sqrt(energy[WIDTH - 6]) / rms).isBetween(17.0, 23.0);
    assertThat(Math.sqrt(energy[WIDTH - 1]) / rms).isBetween(85.0, 115.0);
  }

  @Test
  void onlyTheFirstPositionOfATextIsMassive() {
    OutlierSource source = new OutlierSource(WIDTH, 1);
    float[] text = source.text(3, 10);
    for (int row = 0; row < 10; row++) {
      int massive = 0;
      for (int c = 0; c < WIDTH; c++) {
        massive += Math.abs(text[row * WIDTH + c]) >= 2000 ? 1 : 0;
      }
      assertThat(massive).as("row %d", row).isEqualTo(row == 0 ? 2 : 0);
    }
  }

  @Test
  void theSameSeedsGiveTheSameFloats() {
    // Of any JVM: written down from one.
    OutlierSource source = new OutlierSource(64, 1);
    assertThat(Arrays.hashCode(source.text(2, 3))).isEqualTo(HASH);
    assertThat(Arrays.hashCode(source.text(3, 3))).isNotEqualTo(HASH);
  }
}

package dev.cleave.codec.quantise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.payload.SideReader;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UniformQuantiserTest {
  private static final int WIDTH = 65;
  private static final int ROWS = 9;

  /** What was decoded is coded as it was: nothing drifts from hop to hop. */
  @ParameterizedTest
  @ValueSource(ints = {0, 7, 20, 33, 48, 64, 90, 100, 130, 200, 255})
  void codingWhatWasDecodedChangesNothing(int stepIndex) {
    Quantiser quantiser = new UniformQuantiser(Plans.unit(WIDTH));
    Plan plan = quantiser.plan(stepIndex);
    float[] first = decoded(quantiser, plan, coordinates());
    assertThat(decoded(quantiser, plan, first)).containsExactly(first);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 20, 33, 48, 64, 90, 100, 130, 200, 255})
  void everyCoordinateIsWithinItsCell(int stepIndex) {
    Quantiser quantiser = new UniformQuantiser(Plans.unit(WIDTH));
    Plan plan = quantiser.plan(stepIndex);
    float[] coordinates = coordinates();
    float[] decoded = decoded(quantiser, plan, coordinates);
    for (int i = 0; i < decoded.length; i++) {
      assertThat(decoded[i])
          .as("coordinate %d", i)
          .isBetween(coordinates[i] - 1.001f * plan.step(), coordinates[i] + 1.001f * plan.step());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 33, 100, 255})
  void saysWhenAnIndexHasNoRoom(int stepIndex) {
    Quantiser quantiser = new UniformQuantiser(Plans.unit(WIDTH));
    for (float bad : new float[] {1e30f, -1e30f, Float.POSITIVE_INFINITY, Float.NaN}) {
      float[] coordinates = coordinates();
      coordinates[WIDTH + 3] = bad;
      assertThat(quantiser.quantise(quantiser.plan(stepIndex), coordinates, ROWS, new Symbols()))
          .as("%s", bad)
          .isFalse();
    }
  }

  private static float[] decoded(Quantiser quantiser, Plan plan, float[] coordinates) {
    Symbols symbols = new Symbols();
    assertThat(quantiser.quantise(plan, coordinates, ROWS, symbols)).isTrue();
    SideReader bits = new SideReader();
    bits.open(symbols.rawBits().buffer(), 0, symbols.rawBits().bytes());
    SideReader escapes = new SideReader();
    escapes.open(symbols.escapes().buffer(), 0, symbols.escapes().bytes());
    quantiser.rewind(bits, escapes);
    float[] all = new float[ROWS * WIDTH];
    float[] rows = new float[2 * WIDTH];
    for (int r = 0; r < ROWS; r += 2) {
      int count = Math.min(2, ROWS - r);
      quantiser.dequantise(plan, symbols, r, count, rows);
      for (int i = 0; i < count * WIDTH; i++) {
        all[r * WIDTH + i] = rows[i] * plan.step();
      }
    }
    assertThat(escapes.at()).isEqualTo(symbols.escapes().bytes());
    assertThat(bits.at()).isEqualTo(symbols.rawBits().bytes());
    return all;
  }

  /** Normal ones, and some far out on both sides. */
  private static float[] coordinates() {
    Random random = new Random(4);
    float[] coordinates = new float[ROWS * WIDTH];
    for (int i = 0; i < coordinates.length; i++) {
      coordinates[i] = (float) random.nextGaussian() * (i % 50 == 7 ? 30 : 1);
    }
    return coordinates;
  }
}

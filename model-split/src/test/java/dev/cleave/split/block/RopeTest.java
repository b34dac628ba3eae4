package dev.cleave.split.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.split.block.AttentionSpec.Rope;
import org.junit.jupiter.api.Test;

/**
 * The frequencies against {@code LlamaRotaryEmbedding(config).inv_freq} of transformers 5.23, which
 * raises to powers in f32: a few units in the last place lie between the two.
 */
class RopeTest {
  private static final double RELATIVE = 4e-7;

  private static void assertFrequencies(Rope rope, int first, double... expected) {
    float[] got = rope.inverseFrequencies();
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) got[first + i])
          .as("frequency " + (first + i))
          .isCloseTo(expected[i], within(RELATIVE * expected[i]));
    }
  }

  @Test
  void isPlainByDefault() {
    assertFrequencies(
        new Rope(1e6, 16),
        0,
        1.0,
        0.17782793939113617,
        0.03162277862429619,
        0.005623413249850273,
        0.0010000000474974513,
        0.00017782794020604342,
        3.162277425872162e-05,
        5.62341347176698e-06);
  }

  @Test
  void dividesAllByALinearFactor() {
    assertFrequencies(
        new Rope(10_000, 16, new RopeScaling.Linear(3)),
        0,
        0.3333333432674408,
        0.10540925711393356,
        0.03333333507180214,
        0.010540925897657871,
        0.003333333181217313,
        0.0010540926596149802,
        0.0003333333588670939,
        0.0001054092645063065);
  }

  /** Llama 3.1's own: 14 to 17 lie on both edges of the wavelengths that are mixed. */
  @Test
  void stretchesLongWavelengthsLikeLlama3() {
    Rope rope = new Rope(500_000, 64, new RopeScaling.Llama3(8, 1, 4, 8192));
    assertFrequencies(rope, 0, 1.0, 0.663601279258728, 0.44036662578582764);
    assertFrequencies(
        rope,
        14,
        0.0032114461064338684,
        0.0013718936825171113,
        0.0005248460220173001,
        0.0001785077911335975,
        7.784655463183299e-05);
    assertFrequencies(rope, 31, 3.76732259610435e-07);
  }

  @Test
  void mixesWhereTheContextIsShort() {
    assertFrequencies(
        new Rope(10_000, 16, new RopeScaling.Llama3(4, 1, 4, 64)),
        0,
        1.0,
        0.2546479105949402,
        0.02546478994190693,
        0.007905694656074047,
        0.0024999999441206455,
        0.0007905694656074047,
        0.0002500000118743628,
        7.905694656074047e-05);
  }
}

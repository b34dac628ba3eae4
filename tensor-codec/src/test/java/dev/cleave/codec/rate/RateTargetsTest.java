package dev.cleave.codec.rate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.payload.Payload;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.synthetic.OutlierSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RateTargetsTest {
  private static final int WIDTH = 768;
  private static final OutlierSource SOURCE = new OutlierSource(WIDTH, 3);
  private static final Profile PROFILE = Profile.of(SOURCE.means(), SOURCE.deviations());

  @ParameterizedTest
  @EnumSource(RatePayload.Kind.class)
  void distortionIsNeverAboveItsTarget(RatePayload.Kind kind) {
    long seed = 12;
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      RateTarget.Distortion target = new RateTarget.Distortion(50 + random.nextInt(6000));
      RatePayload codec = new RatePayload(kind, WIDTH, target, PROFILE);
      for (int frame = 0; frame < 3; frame++) {
        float[] values = SOURCE.text(random.nextLong(), 1 + random.nextInt(4));
        float[] decoded = decode(codec, values, encode(codec, values));
        assertThat(error(values, decoded))
            .as("seed %d, round %d, %s", seed, round, target)
            .isLessThanOrEqualTo(target.normalisedError());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(RatePayload.Kind.class)
  void distortionIsNearItsTargetEvenAfterAFrameThatWasNot(RatePayload.Kind kind) {
    RateTarget.Distortion target = new RateTarget.Distortion(2000);
    RatePayload codec = new RatePayload(kind, WIDTH, target, PROFILE);
    float[] loud = SOURCE.states(1, 4);
    for (int i = 0; i < loud.length; i++) {
      loud[i] *= 5;
    }
    encode(codec, loud);
    float[] values = SOURCE.states(2, 16);
    float[] decoded = decode(codec, values, encode(codec, values));
    // One step finer than need be is 0.38 dB.
    assertThat(error(values, decoded)).isBetween(0.0088, 0.01);
  }

  @ParameterizedTest
  @EnumSource(RatePayload.Kind.class)
  void bitsPerElementAreUsedAndNotPassed(RatePayload.Kind kind) {
    for (int millibits : new int[] {700, 1500, 2000, 3000, 4500, 6000, 9000}) {
      RateTarget target = new RateTarget.BitsPerElement(millibits);
      RatePayload codec = new RatePayload(kind, WIDTH, target, PROFILE);
      float[] values = SOURCE.text(millibits, 20);
      double bits = encode(codec, values).limit() * 8.0 / values.length;
      assertThat(bits).isBetween(millibits / 1000.0 - 0.08, millibits / 1000.0);
    }
  }

  /** Headers of 64 bytes included, against 1/2 log2(1/D) for channels of equal deviation. */
  @ParameterizedTest
  @EnumSource(RatePayload.Kind.class)
  void comesNearTheRateDistortionBound(RatePayload.Kind kind) {
    float[] values = SOURCE.text(77, 200);
    for (int bits = 2; bits <= 6; bits++) {
      RateTarget target = new RateTarget.BitsPerElement(1000 * bits + 260);
      RatePayload codec = new RatePayload(kind, WIDTH, target, PROFILE);
      ByteBuffer payload = encode(codec, values);
      double used = (64 + payload.limit()) * 8.0 / values.length;
      double error = error(values, decode(codec, values, payload));
      double gap = used + 0.5 * Math.log(error) / Math.log(2);
      assertThat(gap)
          .as("%d bits, %s", bits, kind)
          .isBetween(0.05, kind == RatePayload.Kind.UNIFORM ? 0.27 : 0.15);
    }
  }

  /** What a language model makes of some tokens: all channels far out, a few of them very far. */
  @ParameterizedTest
  @EnumSource(RatePayload.Kind.class)
  void aMassiveRowAloneFitsConstantBytes(RatePayload.Kind kind) {
    for (int bytes : new int[] {WIDTH / 5, WIDTH / 3, WIDTH / 2}) {
      RatePayload codec =
          new RatePayload(kind, WIDTH, new RateTarget.BytesPerPosition(bytes), PROFILE);
      for (float factor : new float[] {10, 40, 300, 1e6f}) {
        float[] values = SOURCE.states(5, 1);
        for (int c = 0; c < WIDTH; c++) {
          values[c] *= factor * (c % 97 == 0 ? 50 : 1);
        }
        ByteBuffer payload = encode(codec, values);
        assertThat(payload.limit()).isEqualTo(bytes);
        float[] decoded = decode(codec, values, payload);
        // What is left out is the lesser part: the row keeps most of its energy.
        double lost = 0;
        double all = 0;
        for (int c = 0; c < WIDTH; c++) {
          lost += Math.pow((double) values[c] - decoded[c], 2);
          all += Math.pow(values[c], 2);
        }
        assertThat(lost / all).as("%s, %d bytes, times %s", kind, bytes, factor).isLessThan(0.5);
      }
      // And the stream goes on as if nothing had been.
      float[] usual = SOURCE.states(6, 1);
      assertThat(error(usual, decode(codec, usual, encode(codec, usual)))).isLessThan(1);
    }
  }

  @Test
  void refusesWhatCannotBeMet() {
    float[] values = SOURCE.states(1, 2);
    RatePayload tiny =
        new RatePayload(
            RatePayload.Kind.UNIFORM, WIDTH, new RateTarget.BytesPerPosition(3), PROFILE);
    assertThatThrownBy(() -> encode(tiny, values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("do not fit the target's 6 bytes");
    RatePayload fine =
        new RatePayload(
            RatePayload.Kind.UNIFORM, WIDTH, new RateTarget.Distortion(12_000), PROFILE);
    assertThatThrownBy(() -> encode(fine, values))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("misses the target");
  }

  private static ByteBuffer encode(RatePayload codec, float[] values) {
    int positions = values.length / WIDTH;
    ByteBuffer out =
        ByteBuffer.allocate((int) codec.maxBytes(positions)).order(ByteOrder.LITTLE_ENDIAN);
    return out.limit(codec.encode(FloatBuffer.wrap(values), 0, positions, out, 0));
  }

  private static float[] decode(RatePayload codec, float[] values, ByteBuffer payload) {
    int positions = values.length / WIDTH;
    float[] decoded = new float[values.length];
    codec.decode(
        new Payload().at(payload, 0, payload.limit()).of(positions, codec.stepIndex()),
        FloatBuffer.wrap(decoded),
        0);
    return decoded;
  }

  private static double error(float[] values, float[] decoded) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum +=
          Math.pow(((double) values[i] - decoded[i]) / PROFILE.channels().deviation(i % WIDTH), 2);
    }
    return sum / values.length;
  }
}

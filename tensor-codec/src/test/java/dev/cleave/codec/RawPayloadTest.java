package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.payload.RawPayload;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RawPayloadTest {

  /** The nearest bfloat16 by comparing both neighbours in double; ties to the even one. */
  static float nearestBfloat16(float value) {
    int low = Float.floatToRawIntBits(value) >>> 16;
    float below = Float.intBitsToFloat(low << 16);
    float above = Float.intBitsToFloat((low + 1) << 16);
    double toBelow = Math.abs((double) value - below);
    double toAbove = Math.abs((double) above - value);
    return toBelow < toAbove || (toBelow == toAbove && low % 2 == 0) ? below : above;
  }

  @Test
  void bfloat16RoundsToNearestEven() {
    long seed = 4;
    Random random = new Random(seed);
    for (int i = 0; i < 1_000_000; i++) {
      // Half of them close to a tie.
      int bits = i % 2 == 0 ? random.nextInt() : (random.nextInt() << 16) + 0x8000 + i % 5 - 2;
      float value = Float.intBitsToFloat(bits);
      if (Math.abs(value) < 3e38f) {
        assertThat(Float.intBitsToFloat(RawPayload.toBfloat16(value) << 16))
            .as("seed %d, value %s", seed, Float.toHexString(value))
            .isEqualTo(nearestBfloat16(value));
      }
    }
  }

  @Test
  void everyNanStaysOne() {
    for (int bits : new int[] {0x7F800001, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF, 0x7FC00000}) {
      short half = RawPayload.toBfloat16(Float.intBitsToFloat(bits));
      assertThat(Float.intBitsToFloat(half << 16)).isNaN();
    }
  }

  @Test
  void everyHalfSurvives() {
    for (CodecMode mode : new CodecMode[] {CodecMode.RAW_F16, CodecMode.RAW_BF16}) {
      StreamSpec spec = new StreamSpec(mode, 2048);
      for (int page = 0; page < 32; page++) {
        float[] values = new float[2048];
        for (int i = 0; i < values.length; i++) {
          short half = (short) (page * 2048 + i);
          values[i] =
              mode == CodecMode.RAW_F16
                  ? Float.float16ToFloat(half)
                  : Float.intBitsToFloat(half << 16);
        }
        byte[] frame = Frames.encode(spec, values, 0, HeaderForm.SHORT);
        assertThat(Frames.decode(spec, frame)).containsExactly(values);
      }
    }
  }

  @Test
  void refusesFiniteValuesThatWouldBecomeInfinite() {
    StreamSpec half = new StreamSpec(CodecMode.RAW_F16, 3);
    assertThatThrownBy(() -> Frames.encode(half, new float[] {1, 2, 65520}, 0, HeaderForm.LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("element 2 is beyond the range of RAW_F16");
    assertThat(
            Frames.decode(half, Frames.encode(half, new float[] {0, 0, 65519}, 0, HeaderForm.LONG)))
        .containsExactly(0, 0, 65504);
    StreamSpec brain = new StreamSpec(CodecMode.RAW_BF16, 1);
    assertThatThrownBy(
            () -> Frames.encode(brain, new float[] {Float.MAX_VALUE}, 0, HeaderForm.LONG))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

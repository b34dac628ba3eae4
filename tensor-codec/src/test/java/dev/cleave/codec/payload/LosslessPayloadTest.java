package dev.cleave.codec.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.synthetic.OutlierSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LosslessPayloadTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 63, 65, 207, 1000, 4095, 4097, 20_000})
  void everyBitPatternComesBack(int width) {
    Random random = new Random(width);
    float[] values = new float[2 * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(random.nextInt());
    }
    int[] special = {0x7FC00001, 0xFF800001, 0x7F800000, 0xFF800000, 1 << 31, 1, 0x807FFFFF};
    for (int i = 0; i < Math.min(values.length, special.length); i++) {
      values[i] = Float.intBitsToFloat(special[i]);
    }
    assertBits(width, values);
    assertBits(width, new float[2 * width]);
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(0xFF812345);
    }
    assertBits(width, values);
  }

  private static void assertBits(int width, float[] values) {
    LosslessPayload codec = new LosslessPayload(width, false);
    ByteBuffer payload = encode(codec, values, width);
    float[] decoded = decode(codec, payload, values.length, width);
    for (int i = 0; i < values.length; i++) {
      assertThat(Float.floatToRawIntBits(decoded[i]))
          .as("element %d", i)
          .isEqualTo(Float.floatToRawIntBits(values[i]));
    }
  }

  @Test
  void bfloat16RoundsAsRawDoes() {
    int width = 207;
    Random random = new Random(2);
    float[] values = new float[20 * width];
    for (int i = 0; i < values.length; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      values[i] = Math.abs(value) > 3e38f ? -0f : value;
    }
    LosslessPayload codec = new LosslessPayload(width, true);
    float[] decoded = decode(codec, encode(codec, values, width), values.length, width);
    for (int i = 0; i < values.length; i++) {
      assertThat(Float.floatToRawIntBits(decoded[i]))
          .isEqualTo(RawPayload.toBfloat16(values[i]) << 16);
    }
    values[5 * width + 11] = Float.MAX_VALUE;
    assertThatThrownBy(() -> encode(codec, values, width))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("position 5, channel 11");
  }

  @Test
  void isAsShortAsPromised() {
    int width = 2048;
    float[] states = new OutlierSource(width, 1).text(5, 64);
    assertThat(bits(states, width, false)).isLessThan(27.0);
    assertThat(bits(states, width, true)).isLessThan(10.9);
    Random random = new Random(8);
    float[] normal = new float[64 * width];
    for (int i = 0; i < normal.length; i++) {
      normal[i] = (float) random.nextGaussian();
    }
    assertThat(bits(normal, width, false)).isLessThan(26.7);
    assertThat(bits(normal, width, true)).isLessThan(10.7);
  }

  private static double bits(float[] values, int width, boolean isBfloat16) {
    return encode(new LosslessPayload(width, isBfloat16), values, width).limit()
        * 8.0
        / values.length;
  }

  private static ByteBuffer encode(LosslessPayload codec, float[] values, int width) {
    int positions = values.length / width;
    ByteBuffer out =
        ByteBuffer.allocate((int) codec.maxBytes(positions)).order(ByteOrder.LITTLE_ENDIAN);
    int bytes = codec.encode(FloatBuffer.wrap(values), 0, positions, out, 0);
    assertThat((long) bytes).isBetween(codec.minBytes(positions), codec.maxBytes(positions));
    return out.limit(bytes);
  }

  private static float[] decode(
      LosslessPayload codec, ByteBuffer payload, int elements, int width) {
    float[] decoded = new float[elements];
    codec.decode(
        new Payload().at(payload, 0, payload.limit()).of(elements / width, 0),
        FloatBuffer.wrap(decoded),
        0);
    return decoded;
  }
}

package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class Int4PayloadTest {
  private static final int WIDTH = 2048;
  private static final StreamSpec SPEC = new StreamSpec(CodecMode.INT4, WIDTH);

  @Test
  void noiseIsThatOfTheLloydMaxQuantiser() {
    float[] values = normal(12, 32);
    // 16 levels for the normal distribution: -20.22 dB (Max 1960).
    assertThat(Frames.noise(values, Frames.roundTrip(SPEC, values))).isBetween(-20.3, -20.1);
  }

  @Test
  void massiveEntriesAreExactAndDoNotDisturbTheRest() {
    float[] values = normal(13, 4);
    for (int channel : new int[] {0, 63, 1500, 2047}) {
      values[WIDTH + channel] = 1234.567f * (channel - 500);
    }
    float[] back = Frames.roundTrip(SPEC, values);
    double error = 0;
    for (int i = WIDTH; i < 2 * WIDTH; i++) {
      if (Math.abs(values[i]) > 100) {
        assertThat(back[i]).isEqualTo(values[i]);
      }
      error += Math.pow((double) values[i] - back[i], 2);
    }
    // Of 2048 coordinates 4 x 16 + 2 are given up, 0.032, and the others have 0.0095 each.
    assertThat(error / WIDTH).isBetween(0.03, 0.055);
  }

  @Test
  void entriesBeyondTheMostMassiveStayFinite() {
    float[] values = normal(14, 1);
    for (int i = 0; i < 40; i++) {
      values[50 * i] = 1e6f;
    }
    assertThat(Frames.roundTrip(SPEC, values)).doesNotContain(Float.NaN);
  }

  @Test
  void aRowOfOneValueIsExact() {
    float[] values = new float[WIDTH];
    values[1000] = -3.3f;
    assertThat(Frames.roundTrip(SPEC, values)).containsExactly(values);
  }

  @Test
  void refusesMassiveEntriesThatNoEncoderWrites() {
    int end = 64 + 4 + WIDTH / 2;
    int entry = end - 1 - 2 * 8;
    refused(f -> f.put(end - 1, (byte) 0), end - 1);
    refused(f -> f.put(end - 1, (byte) 9), end - 1);
    refused(f -> f.put(end - 1, (byte) -1), end - 1);
    refused(f -> f.putInt(entry, -1), entry);
    refused(f -> f.putInt(entry + 8, WIDTH), entry + 8);
    refused(f -> f.putInt(entry + 8, f.getInt(entry)), entry + 8);
    refused(f -> f.putFloat(entry + 4, Float.NaN), entry + 4);
    refused(f -> f.putFloat(entry + 12, Float.POSITIVE_INFINITY), entry + 12);
    refused(f -> f.putFloat(64, -Float.MAX_VALUE), 64);
    refused(f -> f.putFloat(64, Float.NaN), 64);
    refused(f -> f.putFloat(64, -0f), 68);
  }

  @Test
  void refusesMassiveEntriesWhereThereIsNoRoom() {
    StreamSpec narrow = new StreamSpec(CodecMode.INT4, 65);
    byte[] frame = Frames.encode(narrow, Frames.values(1, 1, 65), 0, HeaderForm.LONG);
    Frames.view(frame).putFloat(64, -Frames.view(frame).getFloat(64));
    Frames.sealLong(frame);
    assertThatThrownBy(() -> Frames.decode(narrow, frame)).isInstanceOf(MalformedFrame.class);
  }

  @Test
  void refusesBitsInTheHalfByteThatIsLeft() {
    StreamSpec odd = new StreamSpec(CodecMode.INT4, 7);
    byte[] frame = Frames.encode(odd, Frames.values(1, 1, 7), 0, HeaderForm.LONG);
    frame[frame.length - 1] |= 0x10;
    Frames.sealLong(frame);
    assertThatThrownBy(() -> Frames.decode(odd, frame))
        .isInstanceOfSatisfying(
            MalformedFrame.class, m -> assertThat(m.offset()).isEqualTo(frame.length - 1));
  }

  private static void refused(Consumer<ByteBuffer> lie, int offset) {
    float[] values = normal(15, 1);
    values[7] = 5000;
    values[700] = -5000;
    byte[] frame = Frames.encode(SPEC, values, 0, HeaderForm.LONG);
    lie.accept(Frames.view(frame));
    Frames.sealLong(frame);
    assertThatThrownBy(() -> Frames.decode(SPEC, frame))
        .isInstanceOfSatisfying(
            MalformedFrame.class,
            malformed -> {
              assertThat(malformed.fault()).isEqualTo(Fault.PAYLOAD);
              assertThat(malformed.offset()).isEqualTo(offset);
            });
  }

  private static float[] normal(long seed, int rows) {
    Random random = new Random(seed);
    float[] values = new float[rows * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}

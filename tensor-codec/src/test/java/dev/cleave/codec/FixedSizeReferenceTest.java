package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** INT8 and INT4 decode to what their definitions say. */
class FixedSizeReferenceTest {
  private static final int POSITIONS = 3;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 63, 64, 65, 207, 256, 300, 512, 768, 1000, 1024})
  void framesDecodeAsDefined(int width) {
    long seed = 31;
    Random random = new Random(seed + width);
    float[] means = new float[width];
    float[] deviations = new float[width];
    for (int c = 0; c < width; c++) {
      means[c] = (float) random.nextGaussian();
      deviations[c] = 0.1f + random.nextFloat();
    }
    Profile profile = Profile.of(means, deviations);
    float[] values = Frames.values(seed, POSITIONS, width);
    // Massive in INT4 where the width has room for it.
    values[width / 2] = 5000;
    for (CodecMode mode : new CodecMode[] {CodecMode.INT8, CodecMode.INT4}) {
      StreamSpec plain = new StreamSpec(mode, width);
      byte[] frame = Frames.encode(plain, values, 0, HeaderForm.SHORT);
      assertDefined(null, plain, frame, Frames.decode(plain, frame));

      StreamSpec spec = plain.withProfile(profile);
      byte[] other = Frames.encode(FrameEncoder.of(spec, profile), values, POSITIONS);
      float[] decoded = new float[values.length];
      FrameDecoder.of(spec, Frames.LIMITS, profile)
          .decode(ByteBuffer.wrap(other), FloatBuffer.wrap(decoded));
      assertDefined(profile, spec, other, decoded);
      assertThat(other).isNotEqualTo(frame);
    }
  }

  private static void assertDefined(
      @Nullable Profile profile, StreamSpec spec, byte[] frame, float[] decoded) {
    ByteBuffer payload = Frames.view(frame).position(HeaderForm.SHORT.bytes());
    double[] expected =
        new FixedSizeReference(spec.width(), profile).decode(spec.mode(), payload, POSITIONS);
    assertThat(payload.hasRemaining()).isFalse();
    for (int i = 0; i < decoded.length; i++) {
      // Rotating codes back is exact where the width is a power of two, and else off by what f32
      // rounds in sums of up to 5000.
      double tolerance = 1e-6 * Math.abs(expected[i]) + 2e-3;
      assertThat((double) decoded[i])
          .as("%s, element %d", spec, i)
          .isBetween(expected[i] - tolerance, expected[i] + tolerance);
    }
  }
}

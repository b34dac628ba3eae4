package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A target of distortion is kept, whatever the values; what was decoded codes as well again. */
class DistortionTargetTest {
  private static final int[] CENTIBELS = {100, 500, 1000, 2000, 3000, 4500, 6000};

  @ParameterizedTest
  @EnumSource(CodecMode.class)
  void distortionIsNeverAboveTheTarget(CodecMode mode) {
    if (!mode.hasTarget()) {
      return;
    }
    long seed = 17;
    Random random = new Random(seed);
    for (int width : new int[] {1, 7, 65, 207}) {
      for (Profile profile : profiles(width)) {
        for (int centibels : CENTIBELS) {
          TestStream stream = stream(mode, width, centibels, profile);
          FrameEncoder encoder = stream.encoder();
          FrameDecoder decoder = stream.decoder();
          for (int round = 0; round < 8; round++) {
            float[] values = values(random, stream, 1 + random.nextInt(40));
            String where = "seed %d, %s, round %d".formatted(seed, stream, round);
            byte[] frame;
            try {
              frame = stream.encode(encoder, values, 0, HeaderForm.SHORT);
            } catch (IllegalArgumentException e) {
              // Loud rows in a basis with weights down to 1/8: beyond the finest step.
              assertThat(centibels).as("%s: %s", where, e).isGreaterThanOrEqualTo(6000);
              continue;
            }
            float[] decoded = stream.decode(decoder, frame);
            assertThat(normalisedError(profile, width, values, decoded))
                .as(where)
                // The encoder's own sum has another order.
                .isLessThanOrEqualTo(Math.pow(10, centibels / -1000.0) * (1 + 1e-9));
          }
        }
      }
    }
  }

  static List<TestStream> streams() {
    List<TestStream> streams = new ArrayList<>();
    for (int width : new int[] {1, 65, 207}) {
      streams.addAll(TestStream.all(width));
    }
    return streams;
  }

  /** Coding what was decoded adds no more error than coding did the first time. */
  @ParameterizedTest
  @MethodSource("streams")
  void codingAgainIsStable(TestStream stream) {
    float[] values = TestStream.source(stream.width()).states(3, 40);
    float[] first = stream.decode(stream.encode(values, 0, HeaderForm.LONG));
    float[] last = first;
    for (int generation = 0; generation < 5; generation++) {
      float[] next = stream.decode(stream.encode(last, 0, HeaderForm.LONG));
      if (TestStream.carriesAnything(stream.spec().mode())) {
        assertThat(next).containsExactly(first);
      }
      double added = normalisedError(stream.profile(), stream.width(), last, next);
      double once = normalisedError(stream.profile(), stream.width(), values, first);
      // A step more or less is 9 %; with a trellis another path is as good, not the same.
      double most = stream.spec().mode().hasTarget() ? 1.3 : 1.1;
      assertThat(added).as("generation %d", generation).isLessThanOrEqualTo(most * once);
      last = next;
    }
  }

  private static TestStream stream(
      CodecMode mode, int width, int centibels, @Nullable Profile profile) {
    StreamSpec spec = new StreamSpec(mode, width, new RateTarget.Distortion(centibels));
    return new TestStream(
        profile == null ? spec : spec.withProfile(profile),
        profile,
        profile == null ? "no profile" : profile.basis().kind() + " profile");
  }

  private static List<@Nullable Profile> profiles(int width) {
    List<@Nullable Profile> profiles = new ArrayList<>();
    profiles.add(null);
    profiles.add(TestStream.diagonal(width));
    if (width > 1) {
      profiles.add(TestStream.full(width));
    }
    return profiles;
  }

  /** Texts of the source, quieter and louder ones, and what has nothing to do with it. */
  private static float[] values(Random random, TestStream stream, int positions) {
    float[] values = stream.states(random.nextLong(), positions);
    switch (random.nextInt(4)) {
      case 0 -> {
        float loudness = (float) Math.scalb(1.0, random.nextInt(7) - 3);
        for (int i = 0; i < values.length; i++) {
          values[i] *= loudness;
        }
      }
      case 1 -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = random.nextInt(20) == 0 ? (float) random.nextGaussian() * 9 : 0;
        }
      }
      default -> {}
    }
    return values;
  }

  private static double normalisedError(
      @Nullable Profile profile, int width, float[] values, float[] decoded) {
    double[] squares = new double[values.length];
    if (profile == null) {
      scalesOfTheFrame(width, values, squares);
    } else {
      Arrays.setAll(squares, i -> Math.pow(profile.channels().deviation(i % width), 2));
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double error = (double) values[i] - decoded[i];
      sum += error == 0 ? 0 : error * error / squares[i];
    }
    return sum / values.length;
  }

  /** Mean squares: of a channel where there are 32 rows, else of 32 channels of a row. */
  private static void scalesOfTheFrame(int width, float[] values, double[] squares) {
    int rows = values.length / width;
    for (int i = 0; i < values.length; i++) {
      double sum = 0;
      if (rows >= 32) {
        for (int j = i % width; j < values.length; j += width) {
          sum += (double) values[j] * values[j] / rows;
        }
      } else {
        int from = i - i % width % 32;
        int to = Math.min(from + 32, i - i % width + width);
        for (int j = from; j < to; j++) {
          sum += (double) values[j] * values[j] / (to - from);
        }
      }
      squares[i] = sum;
    }
  }
}

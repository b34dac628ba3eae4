package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random damage, with checksums made right again or left wrong: a refusal, or as many floats as the
 * frame declares. A million frames; for ten millions:
 *
 * <pre>./mvnw -pl tensor-codec test -Dtest=FrameMutationTest -Dcleave.mutations=10000000</pre>
 */
class FrameMutationTest {
  private static final int MUTATIONS = Integer.getInteger("cleave.mutations", 1_000_000) / 2;
  private static final int[] WIDTHS = {1, 7, 65, 150};
  private static final int FRAMES_PER_STREAM = 6;
  private static final int MOST_ELEMENTS = 1 << 14;
  private static final FrameLimits LIMITS = new FrameLimits(64, 150, 1 << 16);
  private static final HeaderForm[] FORMS = HeaderForm.values();

  @ParameterizedTest
  @ValueSource(longs = {1, 20261121})
  void mutatedFramesAreRefusedOrReadRight(long seed) {
    Random random = new Random(seed);
    List<Subject> subjects = subjects(random);
    float[] out = new float[MOST_ELEMENTS];
    int read = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Subject subject = subjects.get(random.nextInt(subjects.size()));
      byte[] mutated = mutate(random, subject.frame);
      boolean sealed = mutated.length >= subject.form.bytes() && random.nextInt(4) > 0;
      if (sealed) {
        Frames.seal(subject.stream.spec(), subject.form, mutated);
      }
      String wrong;
      try {
        wrong = decode(subject, subject.decoder, mutated, out);
        if (wrong == null) {
          read++;
          // Past the checksums, only a frame that was sealed anew or not changed at all.
          wrong = sealed || Arrays.equals(subject.frame, mutated) ? null : "passed its checksums";
        }
        if (wrong == null && i % 64 == 0) {
          wrong = decodeAfresh(subject, mutated, out);
        }
      } catch (MalformedFrame malformed) {
        boolean inside = malformed.offset() >= 0 && malformed.offset() <= mutated.length;
        wrong = inside ? null : "refused at " + malformed.offset();
      } catch (RuntimeException other) {
        throw new AssertionError("seed %d, mutation %d, %s".formatted(seed, i, subject), other);
      }
      if (wrong != null) {
        throw new AssertionError("seed %d, mutation %d, %s: %s".formatted(seed, i, subject, wrong));
      }
    }
    assertThat(read).as("read").isBetween(MUTATIONS / 20, MUTATIONS * 2 / 3);
  }

  /** Decodes into what the frame declares and not a float more; says what is wrong, if anything. */
  private static @Nullable String decode(
      Subject subject, FrameDecoder decoder, byte[] frame, float[] out) {
    ByteBuffer in = ByteBuffer.wrap(frame);
    FrameInfo info = decoder.inspect(in);
    int elements = info.elements();
    Arrays.fill(out, 0, elements, Float.NaN);
    FloatBuffer floats = FloatBuffer.wrap(out).limit(elements);
    decoder.decode(in, floats);
    if (info.frameBytes() != frame.length || in.hasRemaining() || floats.hasRemaining()) {
      return "has not its declared size";
    }
    for (int i = 0;
        i < elements && !TestStream.carriesAnything(subject.stream.spec().mode());
        i++) {
      if (!Float.isFinite(out[i])) {
        return "element " + i + " is not finite";
      }
    }
    return null;
  }

  /** What a decoder without memory of other frames gives, against what came out. */
  private static @Nullable String decodeAfresh(Subject subject, byte[] frame, float[] out) {
    float[] again = subject.stream.decode(subject.stream.decoder(LIMITS), frame);
    return Arrays.equals(again, Arrays.copyOf(out, again.length))
        ? null
        : "differs from what a new decoder gives";
  }

  /** A frame of an encoder, and a decoder that has seen others. */
  private static final class Subject {
    final TestStream stream;
    final FrameDecoder decoder;
    final HeaderForm form;
    final byte[] frame;

    Subject(TestStream stream, FrameDecoder decoder, HeaderForm form, byte[] frame) {
      this.stream = stream;
      this.decoder = decoder;
      this.form = form;
      this.frame = frame;
    }

    @Override
    public String toString() {
      return stream + ", " + form;
    }
  }

  private static List<Subject> subjects(Random random) {
    List<Subject> subjects = new ArrayList<>();
    for (int width : WIDTHS) {
      for (TestStream stream : TestStream.all(width)) {
        FrameDecoder decoder = stream.decoder(LIMITS);
        for (int i = 0; i < FRAMES_PER_STREAM; i++) {
          // Some modes code frames of 32 positions and more differently.
          int positions = i == 0 && width < 100 ? 32 + random.nextInt(3) : 1 + random.nextInt(4);
          float[] values = stream.states(random.nextLong(), positions);
          HeaderForm form = FORMS[i % FORMS.length];
          byte[] frame = stream.encode(values, random.nextInt(1000), form);
          subjects.add(new Subject(stream, decoder, form, frame));
        }
      }
    }
    return subjects;
  }

  private static byte[] mutate(Random random, byte[] frame) {
    byte[] mutated =
        switch (random.nextInt(16)) {
          case 0 -> Arrays.copyOf(frame, random.nextInt(frame.length));
          case 1 -> Arrays.copyOf(frame, frame.length + 1 + random.nextInt(80));
          default -> frame.clone();
        };
    for (int n = random.nextInt(4); n > 0 && mutated.length > 0; n--) {
      int at = random.nextInt(random.nextBoolean() ? Math.min(80, mutated.length) : mutated.length);
      mutated[at] =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> (byte) (mutated[at] ^ (1 << random.nextInt(8)));
            default -> (byte) random.nextInt();
          };
    }
    return mutated;
  }
}

package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameMutationTest {
  private static final int MUTATIONS = 100_000;
  private static final int WIDTHS = 150;
  private static final float UNTOUCHED = 123.25f;
  private static final CodecMode[] MODES = CodecMode.values();
  private static final HeaderForm[] FORMS = HeaderForm.values();

  @ParameterizedTest
  @ValueSource(longs = {1, 20261121})
  void mutatedFramesAreRefusedOrReadRight(long seed) {
    Random random = new Random(seed);
    FloatBuffer out = FloatBuffer.allocate(1 << 16);
    int refused = 0;
    int read = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      StreamSpec spec =
          new StreamSpec(MODES[random.nextInt(MODES.length)], 1 + random.nextInt(WIDTHS));
      HeaderForm form = FORMS[random.nextInt(FORMS.length)];
      float[] values = Frames.values(i, 1 + random.nextInt(4), spec.width());
      byte[] frame = Frames.encode(spec, values, random.nextInt(1000), form);
      byte[] mutated = mutate(random, frame);
      boolean sealed = mutated.length >= form.bytes() && random.nextBoolean();
      if (sealed) {
        Frames.seal(spec, form, mutated);
      }
      Arrays.fill(out.array(), 0, values.length + 8, UNTOUCHED);
      String where = "seed %d, mutation %d, %s, %s".formatted(seed, i, spec, form);
      try {
        FrameDecoder decoder = FrameDecoder.of(spec, Frames.LIMITS);
        FrameInfo info = decoder.inspect(ByteBuffer.wrap(mutated));
        decoder.decode(ByteBuffer.wrap(mutated), out.clear());
        read++;
        // Past the checksums, only a frame that was sealed anew or not changed at all.
        assertThat(sealed || Arrays.equals(frame, mutated)).as(where).isTrue();
        checkDecoded(where, info, mutated, out);
      } catch (MalformedFrame malformed) {
        refused++;
        assertThat(malformed.offset()).as(where).isBetween(0, mutated.length);
      }
    }
    assertThat(refused).isGreaterThan(MUTATIONS / 2);
    assertThat(read).isGreaterThan(MUTATIONS / 20);
  }

  private static byte[] mutate(Random random, byte[] frame) {
    byte[] mutated =
        switch (random.nextInt(8)) {
          case 0 -> Arrays.copyOf(frame, random.nextInt(frame.length));
          case 1 -> Arrays.copyOf(frame, frame.length + 1 + random.nextInt(80));
          default -> frame.clone();
        };
    for (int n = random.nextInt(4); n > 0 && mutated.length > 0; n--) {
      int at = random.nextInt(random.nextBoolean() ? Math.min(64, mutated.length) : mutated.length);
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

  private static void checkDecoded(String where, FrameInfo info, byte[] frame, FloatBuffer out) {
    assertThat(info.frameBytes()).as(where).isEqualTo(frame.length);
    assertThat(out.position()).as(where).isEqualTo(info.elements());
    assertThat(out.get(info.elements())).as(where).isEqualTo(UNTOUCHED);
    ByteBuffer payload = Frames.view(frame).position(info.form().bytes());
    int width = info.spec().width();
    float scale = 0;
    for (int i = 0; i < info.elements(); i++) {
      if (info.spec().mode() == CodecMode.INT8 && i % width % 64 == 0) {
        scale = payload.getFloat();
      }
      float expected =
          switch (info.spec().mode()) {
            case RAW_F32 -> payload.getFloat();
            case RAW_F16 -> Float.float16ToFloat(payload.getShort());
            case RAW_BF16 -> Float.intBitsToFloat(payload.getShort() << 16);
            case INT8 -> payload.get() * scale;
          };
      if (Float.compare(out.get(i), expected) != 0
          || (info.spec().mode() == CodecMode.INT8 && !Float.isFinite(out.get(i)))) {
        throw new AssertionError(where + ": element " + i + " is wrong");
      }
    }
    assertThat(payload.hasRemaining()).as(where).isFalse();
  }
}

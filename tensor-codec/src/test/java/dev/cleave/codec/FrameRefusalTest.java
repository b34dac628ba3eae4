package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameRefusalTest {
  private static final int WIDTH = 70;
  private static final int POSITIONS = 3;

  /** Every bit, neighbours, and all of them. */
  private static final int[] CHANGES = {1, 2, 4, 8, 16, 32, 64, 128, 3, 0x0F, 0x86, 0xFF};

  static List<TestStream> streams() {
    return TestStream.all(WIDTH);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void refusesFramesCutAtEveryByte(TestStream stream) {
    for (HeaderForm form : HeaderForm.values()) {
      byte[] frame = stream.encode(stream.states(2, POSITIONS), 0, form);
      FrameDecoder decoder = stream.decoder();
      for (int length = 0; length < frame.length; length++) {
        MalformedFrame malformed = refused(decoder, Arrays.copyOf(frame, length));
        assertThat(malformed.offset()).as("cut at %d", length).isBetween(0, frame.length);
        if (form == HeaderForm.LONG) {
          assertThat(malformed.fault()).as("cut at %d", length).isEqualTo(Fault.LENGTH);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("streams")
  void refusesEveryFlippedBit(TestStream stream) {
    for (HeaderForm form : HeaderForm.values()) {
      byte[] frame = stream.encode(stream.states(2, POSITIONS), 0, form);
      FrameDecoder decoder = stream.decoder();
      for (int bit = 0; bit < 8 * frame.length; bit++) {
        byte[] flipped = frame.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        assertThat(refused(decoder, flipped)).as("%s bit %d", form, bit).isNotNull();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("streams")
  void refusesEveryChangedHeaderByteUnderRightChecksums(TestStream stream) {
    // Of all header bytes only those of the start position may change unseen by the codec: it is
    // the session that knows which position comes next. A step index is any of 256 in the modes
    // that have one; the payload then seldom fits it, but may.
    boolean stepped = stream.spec().mode().hasTarget();
    for (HeaderForm form : HeaderForm.values()) {
      boolean isLong = form == HeaderForm.LONG;
      int start = isLong ? 24 : 4;
      int step = isLong ? 10 : 1;
      int checksums = isLong ? 56 : 8;
      byte[] frame = stream.encode(stream.states(2, POSITIONS), 0, form);
      FrameDecoder decoder = stream.decoder();
      for (int i = 0; i < checksums * CHANGES.length; i++) {
        byte[] changed = frame.clone();
        int at = i / CHANGES.length;
        changed[at] ^= (byte) CHANGES[i % CHANGES.length];
        Frames.seal(stream.spec(), form, changed);
        if (at >= start && at < start + 4) {
          int position = Frames.view(changed).getInt(start);
          if (position >= 0 && position <= Integer.MAX_VALUE - POSITIONS) {
            assertThat(decoder.inspect(ByteBuffer.wrap(changed)).startPosition())
                .isEqualTo(position);
            continue;
          }
        } else if ((at == step && stepped) || (isLong && changed[0] == (byte) 0xC5)) {
          continue; // the second is a short header now, under another checksum
        }
        assertThat(refused(decoder, changed).fault())
            .as("%s byte %d changed by %x", form, at, CHANGES[i % CHANGES.length])
            .isNotEqualTo(Fault.CHECKSUM);
      }
    }
  }

  @Test
  void refusesBytesThatFollow() {
    StreamSpec spec = new StreamSpec(CodecMode.RAW_F16, WIDTH);
    byte[] longFrame = frame(spec, HeaderForm.LONG);
    byte[] longer = Arrays.copyOf(longFrame, longFrame.length + 1);
    assertThat(refused(spec, longer).fault()).isEqualTo(Fault.LENGTH);
    byte[] shortFrame = frame(spec, HeaderForm.SHORT);
    byte[] sealed = Frames.sealShort(spec, Arrays.copyOf(shortFrame, shortFrame.length + 1));
    assertThat(refused(spec, sealed).fault()).isEqualTo(Fault.LENGTH);
  }

  @Test
  void refusesLies() {
    StreamSpec spec = new StreamSpec(CodecMode.RAW_F32, WIDTH);
    check(spec, f -> f.putInt(16, 0), Fault.HEADER, 16);
    check(spec, f -> f.putInt(16, POSITIONS + 1), Fault.HEADER, 28);
    check(spec, f -> f.putInt(16, 65), Fault.LIMIT, 16);
    check(spec, f -> f.putInt(16, -1), Fault.LIMIT, 16);
    check(spec, f -> f.putInt(20, 0), Fault.HEADER, 20);
    check(spec, f -> f.putInt(20, -1), Fault.HEADER, 20);
    check(spec, f -> f.putInt(20, WIDTH + 1), Fault.HEADER, 20);
    check(spec, f -> f.putInt(20, 2049), Fault.LIMIT, 20);
    check(spec, f -> f.putInt(24, -1), Fault.HEADER, 24);
    check(spec, f -> f.putInt(24, Integer.MAX_VALUE - 2), Fault.HEADER, 24);
    check(spec, f -> f.putInt(28, 4), Fault.HEADER, 28);
    check(spec, f -> f.putInt(28, -1), Fault.LIMIT, 28);
    check(spec, f -> f.put(6, (byte) 2).put(9, (byte) 2), Fault.HEADER, 6);
    check(spec, f -> f.put(6, (byte) 255), Fault.HEADER, 6);
    check(spec, f -> f.put(4, (byte) 2), Fault.HEADER, 4);
    // Positions and payload length that agree with one another and not with the frame.
    int more = POSITIONS + 1;
    check(spec, f -> f.putInt(16, more).putInt(28, more * WIDTH * 4), Fault.LENGTH, 904);
    int fewer = POSITIONS - 1;
    check(spec, f -> f.putInt(16, fewer).putInt(28, fewer * WIDTH * 4), Fault.LENGTH, 624);
  }

  @Test
  void refusesShortFramesThatLie() {
    StreamSpec spec = new StreamSpec(CodecMode.INT8, WIDTH);
    for (int positions : new int[] {0, 1, POSITIONS + 1, 64, 65, 0xFFFF}) {
      byte[] frame = frame(spec, HeaderForm.SHORT);
      Frames.view(frame).putShort(2, (short) positions);
      Fault expected = positions == 0 ? Fault.HEADER : positions > 64 ? Fault.LIMIT : Fault.LENGTH;
      assertThat(refused(spec, Frames.sealShort(spec, frame)).fault()).isEqualTo(expected);
    }
  }

  @Test
  void shortFramesOfAnotherAgreementFailTheChecksum() {
    // The same number of payload bytes, so that nothing else could tell.
    StreamSpec half = new StreamSpec(CodecMode.RAW_F16, 64);
    byte[] frame = Frames.encode(half, new float[64], 0, HeaderForm.SHORT);
    for (StreamSpec other :
        new StreamSpec[] {
          new StreamSpec(CodecMode.RAW_BF16, 64), new StreamSpec(CodecMode.RAW_F32, 32)
        }) {
      assertThat(refused(other, frame).fault()).isEqualTo(Fault.CHECKSUM);
    }
  }

  @Test
  void limitsComeBeforeEverythingElse() {
    // A frame of two gigabytes, announced in 64 bytes.
    StreamSpec spec = new StreamSpec(CodecMode.RAW_F32, 512);
    byte[] header = Arrays.copyOf(Frames.encode(spec, new float[512], 0, HeaderForm.LONG), 64);
    Frames.view(header).putInt(16, 1 << 20).putInt(28, Integer.MAX_VALUE);
    Frames.sealLong(header);
    assertThat(refused(spec, header).fault()).isEqualTo(Fault.LIMIT);

    FrameDecoder small = FrameDecoder.of(spec, new FrameLimits(2, 512, 2048));
    byte[] two = Frames.encode(spec, new float[1024], 0, HeaderForm.LONG);
    byte[] brief = Frames.encode(spec, new float[1024], 0, HeaderForm.SHORT);
    for (byte[] frame : new byte[][] {two, brief}) {
      MalformedFrame malformed =
          catchThrowableOfType(MalformedFrame.class, () -> small.inspect(ByteBuffer.wrap(frame)));
      assertThat(malformed.fault()).isEqualTo(Fault.LIMIT);
    }
  }

  @Test
  void positionsPerFrameIsTheMostThatPasses() {
    FrameLimits limits = new FrameLimits(1000, 512, 10_000);
    for (TestStream stream : TestStream.all(100)) {
      int most = limits.positionsPerFrame(stream.spec());
      FrameEncoder encoder = stream.encoder();
      assertThat(encoder.maxEncodedBytes(most) - 64).as("%s", stream).isLessThanOrEqualTo(10_000);
      assertThat(encoder.maxEncodedBytes(most + 1) - 64).as("%s", stream).isGreaterThan(10_000);
      byte[] frame = stream.encode(stream.states(1, most), 0, HeaderForm.LONG);
      assertThat(stream.decoder(limits).inspect(ByteBuffer.wrap(frame)).positions())
          .isEqualTo(most);
    }
  }

  @Test
  void nothingMovesWhenAFrameIsRefused() {
    StreamSpec spec = new StreamSpec(CodecMode.RAW_F32, WIDTH);
    byte[] frame = frame(spec, HeaderForm.LONG);
    frame[frame.length - 1] ^= 1;
    ByteBuffer in = ByteBuffer.wrap(frame);
    FloatBuffer out = FloatBuffer.allocate(POSITIONS * WIDTH);
    FrameDecoder decoder = FrameDecoder.of(spec, Frames.LIMITS);
    MalformedFrame malformed =
        catchThrowableOfType(MalformedFrame.class, () -> decoder.decode(in, out));
    assertThat(malformed.fault()).isEqualTo(Fault.CHECKSUM);
    assertThat(in.position()).isZero();
    assertThat(out.position()).isZero();
    assertThat(out.get(0)).isZero();
  }

  private static void check(StreamSpec spec, Consumer<ByteBuffer> lie, Fault fault, int offset) {
    byte[] frame = frame(spec, HeaderForm.LONG);
    lie.accept(Frames.view(frame));
    MalformedFrame malformed = refused(spec, Frames.sealLong(frame));
    assertThat(malformed.fault()).as("%s", malformed).isEqualTo(fault);
    assertThat(malformed.offset()).as("%s", malformed).isEqualTo(offset);
  }

  private static byte[] frame(StreamSpec spec, HeaderForm form) {
    return Frames.encode(spec, Frames.values(2, POSITIONS, WIDTH), 0, form);
  }

  private static MalformedFrame refused(StreamSpec spec, byte[] frame) {
    return refused(FrameDecoder.of(spec, Frames.LIMITS), frame);
  }

  private static MalformedFrame refused(FrameDecoder decoder, byte[] frame) {
    FloatBuffer out = FloatBuffer.allocate(64 * WIDTH);
    MalformedFrame malformed =
        catchThrowableOfType(
            MalformedFrame.class, () -> decoder.decode(ByteBuffer.wrap(frame), out));
    assertThat(malformed).isNotNull();
    return malformed;
  }
}

package dev.cleave.codec;

import dev.cleave.codec.rate.RateTarget;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;

/**
 * Frames for tests. Offsets and checksums are written out here once more, as the format has them,
 * and not taken from the code under test.
 */
final class Frames {
  static final FrameLimits LIMITS = new FrameLimits(64, 2048, 1 << 20);
  static final int LONG_BYTES = 64;
  static final int SHORT_BYTES = 12;

  private Frames() {}

  /** Hidden states as models have them: normal, with one channel that is forty times larger. */
  static float[] values(long seed, int positions, int width) {
    Random random = new Random(seed);
    float[] values = new float[positions * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian() * (i % width == width / 3 ? 40 : 1);
    }
    return values;
  }

  static byte[] encode(StreamSpec spec, float[] values, int start, HeaderForm form) {
    FrameEncoder encoder = FrameEncoder.of(spec);
    int positions = values.length / spec.width();
    ByteBuffer out = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    int bytes = encoder.encode(FloatBuffer.wrap(values), start, positions, form, out);
    return Arrays.copyOf(out.array(), bytes);
  }

  static byte[] encode(FrameEncoder encoder, float[] values, int positions) {
    ByteBuffer out = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    int bytes = encoder.encode(FloatBuffer.wrap(values), 0, positions, HeaderForm.SHORT, out);
    return Arrays.copyOf(out.array(), bytes);
  }

  static float[] roundTrip(StreamSpec spec, float[] values) {
    return decode(spec, encode(spec, values, 0, HeaderForm.SHORT));
  }

  /** Energy of the errors over that of the values, in decibels. */
  static double noise(float[] values, float[] back) {
    double error = 0;
    double energy = 0;
    for (int i = 0; i < values.length; i++) {
      error += Math.pow((double) values[i] - back[i], 2);
      energy += Math.pow(values[i], 2);
    }
    return 10 * Math.log10(error / energy);
  }

  static float[] decode(StreamSpec spec, byte[] frame) {
    FrameDecoder decoder = FrameDecoder.of(spec, LIMITS);
    ByteBuffer bytes = ByteBuffer.wrap(frame);
    float[] out = new float[decoder.inspect(bytes).elements()];
    decoder.decode(bytes, FloatBuffer.wrap(out));
    return out;
  }

  /** A view in which the header's fields can be written. */
  static ByteBuffer view(byte[] frame) {
    return ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Makes the checksums right again, so that only a deeper check can refuse the frame. */
  static byte[] sealLong(byte[] frame) {
    view(frame).putInt(56, crc(new byte[0], frame, LONG_BYTES, frame.length - LONG_BYTES));
    view(frame).putInt(60, crc(new byte[0], frame, 0, 60));
    return frame;
  }

  static byte[] sealShort(StreamSpec spec, byte[] frame) {
    byte[] hashed = frame.clone();
    System.arraycopy(frame, SHORT_BYTES, hashed, 8, frame.length - SHORT_BYTES);
    byte[] agreement = new byte[32];
    RateTarget target = spec.target();
    view(agreement)
        .putInt(0, spec.mode().wireNumber())
        .putInt(4, spec.width())
        .putInt(8, target == null ? 0 : target.kind())
        .putInt(12, target == null ? 0 : target.number())
        .putLong(16, spec.profile().high())
        .putLong(24, spec.profile().low());
    view(frame).putInt(8, crc(agreement, hashed, 0, frame.length - 4));
    return frame;
  }

  static byte[] seal(StreamSpec spec, HeaderForm form, byte[] frame) {
    return form == HeaderForm.LONG ? sealLong(frame) : sealShort(spec, frame);
  }

  private static int crc(byte[] before, byte[] bytes, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(before);
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }
}

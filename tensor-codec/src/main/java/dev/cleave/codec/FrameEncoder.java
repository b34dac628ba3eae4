package dev.cleave.codec;

import dev.cleave.codec.payload.PayloadCodec;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Makes frames from hidden states. Frames do not depend on one another: each can be decoded alone.
 * Keeps scratch memory, so that frames no larger than earlier ones allocate nothing; one thread at
 * a time.
 */
public final class FrameEncoder {
  private final StreamSpec spec;
  private final PayloadCodec payload;
  private final Header header;

  private FrameEncoder(StreamSpec spec, @Nullable Profile profile) {
    this.spec = spec;
    this.payload = Payloads.of(spec, profile);
    this.header = new Header(spec);
  }

  /** An encoder for the frames of one stream without a profile. */
  public static FrameEncoder of(StreamSpec spec) {
    return new FrameEncoder(spec, null);
  }

  /**
   * An encoder for the frames of one stream.
   *
   * @param profile the one that the stream names, or null where it names none; shared
   * @throws IllegalArgumentException when it is another
   */
  public static FrameEncoder of(StreamSpec spec, @Nullable Profile profile) {
    return new FrameEncoder(spec, profile);
  }

  /** The bytes that a frame of this many positions takes at most, with either header. */
  public int maxEncodedBytes(int positions) {
    return frameBytes(HeaderForm.LONG, payload.maxBytes(atLeastOne(positions)), positions);
  }

  /**
   * Writes one frame at {@code out}'s position and moves it behind. Both buffers are borrowed until
   * return; either may be heap or direct, of any byte order.
   *
   * @param values f32 [positions, width] from the buffer's position, which moves behind them
   * @param startPosition 0-based position in the prompt of the first row
   * @param out with room for {@link #maxEncodedBytes}, less what a short header saves
   * @return bytes written
   * @throws IllegalArgumentException when the values cannot be coded in this mode (not finite, or
   *     beyond its range or target), when a size is out of range, or when a buffer is too short;
   *     what lies behind {@code out}'s position then means nothing, and no position has moved
   */
  public int encode(
      FloatBuffer values, int startPosition, int positions, HeaderForm form, ByteBuffer out) {
    int most = frameBytes(form, payload.maxBytes(atLeastOne(positions)), positions);
    if (startPosition < 0 || startPosition > Integer.MAX_VALUE - positions) {
      throw new IllegalArgumentException("start position is out of range: " + startPosition);
    }
    if (form == HeaderForm.SHORT && positions > ShortHeader.MAX_POSITIONS) {
      throw new IllegalArgumentException(
          "a short header counts up to %d positions, asked %d"
              .formatted(ShortHeader.MAX_POSITIONS, positions));
    }
    long elements = (long) positions * spec.width();
    if (values.remaining() < elements || out.remaining() < most) {
      throw new IllegalArgumentException(
          "a frame of %d positions takes %d floats and up to %d bytes, the buffers hold %d and %d"
              .formatted(positions, elements, most, values.remaining(), out.remaining()));
    }
    ByteOrder order = out.order();
    out.order(ByteOrder.LITTLE_ENDIAN);
    try {
      int bytes = write(values, startPosition, positions, form, out);
      values.position(values.position() + (int) elements);
      out.position(out.position() + bytes);
      return bytes;
    } finally {
      out.order(order);
    }
  }

  private int write(
      FloatBuffer values, int startPosition, int positions, HeaderForm form, ByteBuffer out) {
    int base = out.position();
    header.form = form;
    header.startPosition = startPosition;
    header.positions = positions;
    header.payloadBytes =
        payload.encode(values, values.position(), positions, out, base + form.bytes());
    header.stepIndex = payload.stepIndex();
    header.lanes = payload.lanes(positions);
    switch (form) {
      case LONG -> LongHeader.write(out, base, header);
      case SHORT -> ShortHeader.write(out, base, header);
    }
    return form.bytes() + header.payloadBytes;
  }

  private static int atLeastOne(int positions) {
    if (positions < 1) {
      throw new IllegalArgumentException("a frame holds at least 1 position, asked " + positions);
    }
    return positions;
  }

  private int frameBytes(HeaderForm form, long payloadBytes, int positions) {
    long bytes = form.bytes() + payloadBytes;
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d positions of %s are %d bytes: send fewer in a frame"
              .formatted(positions, spec, bytes));
    }
    return (int) bytes;
  }
}

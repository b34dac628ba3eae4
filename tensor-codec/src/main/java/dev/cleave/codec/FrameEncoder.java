package dev.cleave.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Makes frames from hidden states. Frames do not depend on one another: each can be decoded alone.
 * Immutable and thread-safe.
 */
public final class FrameEncoder {
  private final StreamSpec spec;

  private FrameEncoder(StreamSpec spec) {
    this.spec = spec;
  }

  /** An encoder for the frames of one stream. */
  public static FrameEncoder of(StreamSpec spec) {
    return new FrameEncoder(spec);
  }

  /** The bytes that a frame of this many positions takes at most, with either header. */
  public int maxEncodedBytes(int positions) {
    return frameBytes(positions, HeaderForm.LONG);
  }

  /** The bytes that a frame of this many positions takes; all modes of today are constant. */
  public int frameBytes(int positions, HeaderForm form) {
    if (positions < 1) {
      throw new IllegalArgumentException("a frame holds at least 1 position, asked " + positions);
    }
    long bytes = form.bytes() + spec.payloadBytes(positions);
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d positions of %s are %d bytes: send fewer in a frame"
              .formatted(positions, spec, bytes));
    }
    return (int) bytes;
  }

  /**
   * Writes one frame at {@code out}'s position and moves it behind. Both buffers are borrowed until
   * return; either may be heap or direct, of any byte order.
   *
   * @param values f32 [positions, width] from the buffer's position, which moves behind them
   * @param startPosition 0-based position in the prompt of the first row
   * @return bytes written
   * @throws IllegalArgumentException when the values cannot be coded in this mode (INT8: not all
   *     finite; RAW_F16, RAW_BF16: a finite value beyond the range), when a size is out of range,
   *     or when a buffer is too short; what lies behind {@code out}'s position then means nothing,
   *     and no position has moved
   */
  public int encode(
      FloatBuffer values, int startPosition, int positions, HeaderForm form, ByteBuffer out) {
    int bytes = frameBytes(positions, form);
    if (startPosition < 0 || startPosition > Integer.MAX_VALUE - positions) {
      throw new IllegalArgumentException("start position is out of range: " + startPosition);
    }
    if (form == HeaderForm.SHORT && positions > ShortHeader.MAX_POSITIONS) {
      throw new IllegalArgumentException(
          "a short header counts up to %d positions, asked %d"
              .formatted(ShortHeader.MAX_POSITIONS, positions));
    }
    long elements = (long) positions * spec.width();
    if (values.remaining() < elements || out.remaining() < bytes) {
      throw new IllegalArgumentException(
          "a frame of %d positions takes %d floats and %d bytes, the buffers hold %d and %d"
              .formatted(positions, elements, bytes, values.remaining(), out.remaining()));
    }
    FloatBuffer rows = values.slice(values.position(), (int) elements);
    ByteBuffer frame = out.slice(out.position(), bytes).order(ByteOrder.LITTLE_ENDIAN);
    int payloadBytes = bytes - form.bytes();
    ByteBuffer payload = frame.slice(form.bytes(), payloadBytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (spec.mode()) {
      case RAW_F32, RAW_F16, RAW_BF16 -> RawPayload.encode(spec.mode(), rows, payload);
      case INT8 -> Int8Payload.encode(rows, spec.width(), payload);
    }
    FrameInfo info = new FrameInfo(spec, form, startPosition, positions, payloadBytes);
    switch (form) {
      case LONG -> LongHeader.write(frame, info);
      case SHORT -> ShortHeader.write(frame, info);
    }
    values.position(values.position() + (int) elements);
    out.position(out.position() + bytes);
    return bytes;
  }
}

package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames that came from outside. Everything a header announces is held against the receiver's
 * limits before anything is decoded; the buffer must hold one frame and nothing else. Immutable and
 * thread-safe; allocates a few hundred bytes whatever the frame says.
 *
 * <p>INT8 gives finite values only. The RAW modes carry what was sent: look with {@link NonFinite}.
 */
public final class FrameDecoder {
  private final @Nullable StreamSpec agreed;
  private final FrameLimits limits;

  private FrameDecoder(@Nullable StreamSpec agreed, FrameLimits limits) {
    this.agreed = agreed;
    this.limits = limits;
  }

  /**
   * A decoder for the frames of one stream: either header, but only the agreed mode and width.
   *
   * @throws IllegalArgumentException when not one position of the stream fits the limits
   */
  public static FrameDecoder of(StreamSpec spec, FrameLimits limits) {
    if (limits.positionsPerFrame(spec) < 1) {
      throw new IllegalArgumentException("%s never fits %s".formatted(spec, limits));
    }
    return new FrameDecoder(spec, limits);
  }

  /** A decoder for long frames of any mode and width: files and tools. */
  public static FrameDecoder selfContained(FrameLimits limits) {
    return new FrameDecoder(null, limits);
  }

  /**
   * Checks all but the payload of the frame from the buffer's position to its limit, so that the
   * caller can size the output. Moves nothing. (A short frame has one checksum: its payload is
   * checked as well.)
   *
   * @throws MalformedFrame when the frame must be refused
   */
  public FrameInfo inspect(ByteBuffer frame) {
    return header(littleEndian(frame));
  }

  /**
   * Decodes the frame from the buffer's position to its limit and moves the position to the limit.
   * Both buffers are borrowed until return; either may be heap or direct, of any byte order.
   *
   * @param out takes f32 [positions, width] from its position, which moves behind them
   * @throws MalformedFrame when the frame must be refused; no position has moved then
   * @throws IllegalArgumentException when {@code out} holds less than {@link FrameInfo#elements()}
   */
  public FrameInfo decode(ByteBuffer frame, FloatBuffer out) {
    ByteBuffer bytes = littleEndian(frame);
    FrameInfo info = header(bytes);
    if (out.remaining() < info.elements()) {
      throw new IllegalArgumentException(
          "the frame holds %d elements, the output %d: size it by inspect"
              .formatted(info.elements(), out.remaining()));
    }
    if (info.form() == HeaderForm.LONG) {
      LongHeader.checkPayload(bytes, info);
    }
    int headerBytes = info.form().bytes();
    ByteBuffer payload =
        bytes.slice(headerBytes, info.payloadBytes()).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer rows = out.slice(out.position(), info.elements());
    CodecMode mode = info.spec().mode();
    switch (mode) {
      case RAW_F32, RAW_F16, RAW_BF16 -> RawPayload.decode(mode, payload, rows);
      case INT8 -> Int8Payload.decode(payload, info.spec().width(), headerBytes, rows);
    }
    frame.position(frame.limit());
    out.position(out.position() + info.elements());
    return info;
  }

  private static ByteBuffer littleEndian(ByteBuffer frame) {
    return frame.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  private FrameInfo header(ByteBuffer frame) {
    if (!frame.hasRemaining()) {
      throw new MalformedFrame(Fault.LENGTH, 0, "frame is empty");
    }
    int headroom = limits.maxPayloadBytes();
    boolean isShort = Byte.toUnsignedInt(frame.get(0)) == ShortHeader.KIND;
    // Before a short header's checksum runs over a payload of any length.
    if (frame.limit() - (long) (isShort ? ShortHeader.BYTES : LongHeader.BYTES) > headroom) {
      throw limit(0, "bytes", frame.limit(), headroom);
    }
    FrameInfo info = isShort ? shortHeader(frame) : LongHeader.read(frame);
    checkAgreement(info);
    checkSizes(info, frame.limit());
    return info;
  }

  private FrameInfo shortHeader(ByteBuffer frame) {
    if (agreed == null) {
      throw new MalformedFrame(
          Fault.HEADER, ShortHeader.KIND_OFFSET, "short header without an agreed stream");
    }
    return ShortHeader.read(frame, agreed);
  }

  private void checkAgreement(FrameInfo info) {
    StreamSpec spec = info.spec();
    if (spec.width() > limits.maxWidth()) {
      throw limit(LongHeader.WIDTH_OFFSET, "width", spec.width(), limits.maxWidth());
    }
    if (agreed == null || agreed.equals(spec)) {
      return;
    }
    int offset = agreed.mode() == spec.mode() ? LongHeader.WIDTH_OFFSET : LongHeader.MODE_OFFSET;
    throw new MalformedFrame(
        Fault.HEADER, offset, "frame is %s, the stream agreed on %s".formatted(spec, agreed));
  }

  private void checkSizes(FrameInfo info, int frameBytes) {
    boolean isShort = info.form() == HeaderForm.SHORT;
    int positionsOffset = isShort ? ShortHeader.POSITIONS_OFFSET : LongHeader.POSITIONS_OFFSET;
    int startOffset =
        isShort ? ShortHeader.START_POSITION_OFFSET : LongHeader.START_POSITION_OFFSET;
    int lengthOffset = isShort ? info.form().bytes() : LongHeader.PAYLOAD_BYTES_OFFSET;
    long positions = Integer.toUnsignedLong(info.positions());
    if (positions < 1) {
      throw new MalformedFrame(Fault.HEADER, positionsOffset, "frame has no positions");
    }
    if (positions > limits.maxPositions()) {
      throw limit(positionsOffset, "positions", positions, limits.maxPositions());
    }
    long start = Integer.toUnsignedLong(info.startPosition());
    if (start > Integer.MAX_VALUE - positions) {
      throw new MalformedFrame(Fault.HEADER, startOffset, "start position is " + start);
    }
    long payload = Integer.toUnsignedLong(info.payloadBytes());
    if (payload > limits.maxPayloadBytes()) {
      throw limit(lengthOffset, "payload bytes", payload, limits.maxPayloadBytes());
    }
    if (positions * info.spec().width() > Integer.MAX_VALUE) {
      throw limit(positionsOffset, "elements", positions * info.spec().width(), Integer.MAX_VALUE);
    }
    long implied = info.spec().payloadBytes(info.positions());
    if (payload != implied) {
      throw new MalformedFrame(
          isShort ? Fault.LENGTH : Fault.HEADER,
          lengthOffset,
          "%d positions take %d payload bytes, not %d".formatted(positions, implied, payload));
    }
    if (frameBytes != info.form().bytes() + payload) {
      throw new MalformedFrame(
          Fault.LENGTH,
          (int) Math.min(frameBytes, info.form().bytes() + payload),
          "frame has %d bytes, its header announces %d"
              .formatted(frameBytes, info.form().bytes() + payload));
    }
  }

  private static MalformedFrame limit(int offset, String what, long value, long most) {
    return new MalformedFrame(
        Fault.LIMIT, offset, "%s are %d, this receiver takes %d".formatted(what, value, most));
  }
}

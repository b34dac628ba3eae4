package dev.cleave.codec;

import dev.cleave.codec.MalformedFrame.Fault;
import dev.cleave.codec.payload.CorruptPayload;
import dev.cleave.codec.payload.Payload;
import dev.cleave.codec.payload.PayloadCodec;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames that came from outside. Everything a header announces is held against the receiver's
 * limits before anything is allocated or decoded; the buffer must hold one frame and nothing else.
 * Keeps scratch memory, at most 4 bytes an element, 8 a channel and 64 KiB, so that frames no
 * larger than earlier ones allocate nothing; one thread at a time.
 *
 * <p>All modes but RAW and LOSSLESS give finite values only. Those carry what was sent: look with
 * {@link NonFinite}.
 */
public final class FrameDecoder {
  private final @Nullable StreamSpec agreed;
  private final FrameLimits limits;
  private final List<Profile> profiles;
  private final Header header;
  private final Payload payload = new Payload();
  private PayloadCodec codec;
  private StreamSpec codecSpec;

  private FrameDecoder(@Nullable StreamSpec agreed, FrameLimits limits, List<Profile> profiles) {
    this.agreed = agreed;
    this.limits = limits;
    this.profiles = profiles;
    this.codecSpec = agreed == null ? new StreamSpec(CodecMode.RAW_F32, 1) : agreed;
    this.header = new Header(codecSpec);
    this.codec = Payloads.of(codecSpec, profileOf(codecSpec));
  }

  /**
   * A decoder for the frames of one stream without a profile: either header, but only what was
   * agreed.
   *
   * @throws IllegalArgumentException when not one position of the stream fits the limits
   */
  public static FrameDecoder of(StreamSpec spec, FrameLimits limits) {
    return agreed(spec, limits, List.of());
  }

  /**
   * A decoder for the frames of one stream: either header, but only what was agreed.
   *
   * @param profile the one that the stream names, or null where it names none; shared
   * @throws IllegalArgumentException when it is another, or when not one position of the stream
   *     fits the limits
   */
  public static FrameDecoder of(StreamSpec spec, FrameLimits limits, @Nullable Profile profile) {
    return agreed(spec, limits, profile == null ? List.of() : List.of(profile));
  }

  /**
   * A decoder for long frames of any stream: files and tools.
   *
   * @param profiles those that frames may name
   */
  public static FrameDecoder selfContained(FrameLimits limits, Profile... profiles) {
    return new FrameDecoder(null, limits, List.of(profiles));
  }

  private static FrameDecoder agreed(StreamSpec spec, FrameLimits limits, List<Profile> profiles) {
    if (limits.positionsPerFrame(spec) < 1) {
      throw new IllegalArgumentException("%s never fits %s".formatted(spec, limits));
    }
    return new FrameDecoder(spec, limits, profiles);
  }

  /**
   * Checks all but the payload of the frame from the buffer's position to its limit, so that the
   * caller can size the output. Moves nothing. (A short frame has one checksum: its payload is
   * checked as well.)
   *
   * @throws MalformedFrame when the frame must be refused
   */
  public FrameInfo inspect(ByteBuffer frame) {
    ByteOrder order = frame.order();
    frame.order(ByteOrder.LITTLE_ENDIAN);
    try {
      read(frame);
      return header.info();
    } finally {
      frame.order(order);
    }
  }

  /**
   * Decodes the frame from the buffer's position to its limit and moves the position to the limit.
   * Both buffers are borrowed until return; either may be heap or direct, of any byte order.
   *
   * @param out takes f32 [positions, width] from its position, which moves behind them
   * @return positions decoded
   * @throws MalformedFrame when the frame must be refused; no position has moved then
   * @throws IllegalArgumentException when {@code out} holds less than {@link FrameInfo#elements()}
   */
  public int decode(ByteBuffer frame, FloatBuffer out) {
    ByteOrder order = frame.order();
    frame.order(ByteOrder.LITTLE_ENDIAN);
    try {
      read(frame);
      int elements = header.positions * header.spec.width();
      if (out.remaining() < elements) {
        throw new IllegalArgumentException(
            "the frame holds %d elements, the output %d: size it by inspect"
                .formatted(elements, out.remaining()));
      }
      decodePayload(frame, out);
      frame.position(frame.limit());
      out.position(out.position() + elements);
      return header.positions;
    } finally {
      frame.order(order);
    }
  }

  private void decodePayload(ByteBuffer frame, FloatBuffer out) {
    int base = frame.position();
    if (header.form == HeaderForm.LONG) {
      LongHeader.checkPayload(frame, base, header);
    }
    payload
        .at(frame, base + header.form.bytes(), header.payloadBytes)
        .of(header.positions, header.stepIndex);
    try {
      codec.decode(payload, out, out.position());
    } catch (CorruptPayload e) {
      throw new MalformedFrame(Fault.PAYLOAD, e.offset() - base, String.valueOf(e.getMessage()));
    }
  }

  /** Fills the header with what is safe to allocate and decode for. */
  private void read(ByteBuffer frame) {
    if (!frame.hasRemaining()) {
      throw new MalformedFrame(Fault.LENGTH, 0, "frame is empty");
    }
    int base = frame.position();
    int frameBytes = frame.remaining();
    boolean isShort = Byte.toUnsignedInt(frame.get(base)) == ShortHeader.KIND;
    // Before a short header's checksum runs over a payload of any length.
    if (frameBytes - (long) (isShort ? ShortHeader.BYTES : LongHeader.BYTES)
        > limits.maxPayloadBytes()) {
      throw limit(0, "bytes", frameBytes, limits.maxPayloadBytes());
    }
    if (isShort) {
      readShort(frame, base, frameBytes);
    } else {
      LongHeader.read(frame, base, frameBytes, header);
      checkAgreement();
    }
    checkSizes(frameBytes);
    checkMode();
  }

  private void readShort(ByteBuffer frame, int base, int frameBytes) {
    if (agreed == null) {
      throw new MalformedFrame(
          Fault.HEADER, ShortHeader.KIND_OFFSET, "short header without an agreed stream");
    }
    header.spec = agreed;
    ShortHeader.read(frame, base, frameBytes, header);
    header.lanes = codec.lanes(Math.max(1, header.positions));
  }

  private void checkAgreement() {
    StreamSpec spec = header.spec;
    if (spec.width() > limits.maxWidth()) {
      throw limit(LongHeader.WIDTH_OFFSET, "width", spec.width(), limits.maxWidth());
    }
    if (agreed == null) {
      adopt(spec);
    } else if (!agreed.equals(spec)) {
      throw new MalformedFrame(
          Fault.HEADER,
          differenceOffset(agreed, spec),
          "frame is %s, the stream agreed on %s".formatted(spec, agreed));
    }
  }

  private static int differenceOffset(StreamSpec agreed, StreamSpec spec) {
    if (agreed.mode() != spec.mode()) {
      return LongHeader.MODE_OFFSET;
    }
    if (agreed.width() != spec.width()) {
      return LongHeader.WIDTH_OFFSET;
    }
    return agreed.profile().equals(spec.profile())
        ? LongHeader.TARGET_KIND_OFFSET
        : LongHeader.PROFILE_HASH_OFFSET;
  }

  private void adopt(StreamSpec spec) {
    if (spec.equals(codecSpec)) {
      return;
    }
    Profile profile = profileOf(spec);
    if (!spec.profile().isNone() && (profile == null || profile.width() != spec.width())) {
      throw new MalformedFrame(
          Fault.HEADER,
          LongHeader.PROFILE_HASH_OFFSET,
          "profile %s for width %d is not at hand".formatted(spec.profile(), spec.width()));
    }
    codec = Payloads.of(spec, profile);
    codecSpec = spec;
  }

  private @Nullable Profile profileOf(StreamSpec spec) {
    for (Profile profile : profiles) {
      if (profile.hash().equals(spec.profile())) {
        return profile;
      }
    }
    return null;
  }

  private void checkSizes(int frameBytes) {
    boolean isShort = header.form == HeaderForm.SHORT;
    int positionsOffset = isShort ? ShortHeader.POSITIONS_OFFSET : LongHeader.POSITIONS_OFFSET;
    int startOffset =
        isShort ? ShortHeader.START_POSITION_OFFSET : LongHeader.START_POSITION_OFFSET;
    int lengthOffset = isShort ? ShortHeader.BYTES : LongHeader.PAYLOAD_BYTES_OFFSET;
    long positions = Integer.toUnsignedLong(header.positions);
    if (positions < 1) {
      throw new MalformedFrame(Fault.HEADER, positionsOffset, "frame has no positions");
    }
    if (positions > limits.maxPositions()) {
      throw limit(positionsOffset, "positions", positions, limits.maxPositions());
    }
    long start = Integer.toUnsignedLong(header.startPosition);
    if (start > Integer.MAX_VALUE - positions) {
      throw new MalformedFrame(Fault.HEADER, startOffset, "start position is " + start);
    }
    long bytes = Integer.toUnsignedLong(header.payloadBytes);
    if (bytes > limits.maxPayloadBytes()) {
      throw limit(lengthOffset, "payload bytes", bytes, limits.maxPayloadBytes());
    }
    if (positions * header.spec.width() > Integer.MAX_VALUE) {
      throw limit(positionsOffset, "elements", positions * header.spec.width(), Integer.MAX_VALUE);
    }
    long least = codec.minBytes(header.positions);
    long most = codec.maxBytes(header.positions);
    if (bytes < least || bytes > most) {
      throw new MalformedFrame(
          isShort ? Fault.LENGTH : Fault.HEADER,
          lengthOffset,
          "%d positions take %d to %d payload bytes, not %d"
              .formatted(positions, least, most, bytes));
    }
    if (frameBytes != header.form.bytes() + bytes) {
      throw new MalformedFrame(
          Fault.LENGTH,
          (int) Math.min(frameBytes, header.form.bytes() + bytes),
          "frame has %d bytes, its header announces %d"
              .formatted(frameBytes, header.form.bytes() + bytes));
    }
  }

  private void checkMode() {
    boolean isShort = header.form == HeaderForm.SHORT;
    int stepOffset = isShort ? ShortHeader.STEP_INDEX_OFFSET : LongHeader.STEP_INDEX_OFFSET;
    CodecMode mode = header.spec.mode();
    int mostSteps = mode.hasTarget() ? 255 : 0;
    if (header.stepIndex > mostSteps) {
      throw new MalformedFrame(
          Fault.HEADER,
          stepOffset,
          "step index of %s is %d, at most %d".formatted(mode, header.stepIndex, mostSteps));
    }
    int lanes = codec.lanes(header.positions);
    if (header.lanes != lanes) {
      throw new MalformedFrame(
          Fault.HEADER,
          LongHeader.LANES_OFFSET,
          "lanes are %d, must be %d".formatted(header.lanes, lanes));
    }
  }

  private static MalformedFrame limit(int offset, String what, long value, long most) {
    return new MalformedFrame(
        Fault.LIMIT, offset, "%s are %d, this receiver takes %d".formatted(what, value, most));
  }
}

package dev.cleave.server.stream;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.MalformedFrame;
import dev.cleave.codec.NonFinite;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.server.admission.OpenPolicy;
import dev.cleave.server.admission.Refused;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Locale;

/** Decodes the frames of one stream, and refuses what is none of them. Confined to its call. */
public final class FrameReader {

  private final FrameDecoder decoder;
  private boolean started;

  /** For frames that the policy has accepted. */
  public FrameReader(StreamSpec spec, OpenPolicy policy) {
    Profile profile = policy.model().codec().profile();
    this.decoder = FrameDecoder.of(spec, policy.frames(), spec.profile().isNone() ? null : profile);
  }

  /**
   * What the frame's header says; nothing is allocated for it.
   *
   * @param frame borrowed until return
   * @throws Refused when it is no frame of this stream
   */
  public FrameInfo inspect(ByteBuffer frame) {
    FrameInfo info;
    try {
      info = decoder.inspect(frame);
    } catch (MalformedFrame e) {
      throw refused(e);
    }
    if (!started && info.form() != HeaderForm.LONG) {
      throw new Refused(
          WireReason.BAD_TENSOR, "the first frame of a stream must have the long header");
    }
    return info;
  }

  /**
   * Decodes a frame that was inspected.
   *
   * @param frame borrowed until return
   * @param rows takes f32 {@code [positions, width]}; its position does not move
   * @throws Refused when the payload cannot be decoded or has a value that is not finite; what is
   *     in {@code rows} then means nothing
   */
  public void decode(ByteBuffer frame, FrameInfo info, FloatBuffer rows) {
    try {
      decoder.decode(frame, rows.duplicate());
    } catch (MalformedFrame e) {
      throw refused(e);
    }
    int bad = NonFinite.firstIndex(rows);
    if (bad >= 0) {
      int row = bad / info.spec().width();
      throw new Refused(
          WireReason.NOT_FINITE,
          "the hidden state of position %d is NaN or infinite: run the device half again"
              .formatted(info.startPosition() + row));
    }
    started = true;
  }

  private static Refused refused(MalformedFrame e) {
    return new Refused(WireReason.of(e.fault()), String.valueOf(e.getMessage()))
        .with("fault", e.fault().name().toLowerCase(Locale.ROOT))
        .with("offset", e.offset());
  }
}

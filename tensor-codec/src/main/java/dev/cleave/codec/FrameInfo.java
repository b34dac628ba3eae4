package dev.cleave.codec;

/**
 * What a frame's checked header says. Immutable.
 *
 * @param spec of the stream: from the header when it is long, from the agreement when it is short
 * @param form which header the frame has
 * @param startPosition 0-based position in the prompt of the frame's first row
 * @param positions rows in the frame, at least 1
 * @param payloadBytes bytes after the header
 */
public record FrameInfo(
    StreamSpec spec, HeaderForm form, int startPosition, int positions, int payloadBytes) {

  /** Floats that decoding writes: positions x width. */
  public int elements() {
    return Math.multiplyExact(positions, spec.width());
  }

  /** Header and payload together. */
  public int frameBytes() {
    return form.bytes() + payloadBytes;
  }
}

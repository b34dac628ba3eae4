package dev.cleave.edge.codec;

import dev.cleave.codec.Certificate;
import dev.cleave.codec.CertificateMeter;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.StreamSpec;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Decodes a stream's own frames again, as the server does, and measures what was lost. Confined to
 * one thread.
 */
public final class StreamMeter {
  private final int width;
  private final FrameDecoder decoder;
  private final CertificateMeter meter;
  private FloatBuffer decoded = FloatBuffer.allocate(0);

  /**
   * A meter for the frames of one stream.
   *
   * @param maxPositions the most positions of one frame
   */
  public StreamMeter(StreamCodec codec, int maxPositions) {
    this.width = codec.spec().width();
    this.decoder =
        codec.decoder(new FrameLimits(maxPositions, StreamSpec.MAX_WIDTH, Integer.MAX_VALUE));
    this.meter =
        codec.profile() == null ? CertificateMeter.of(width) : CertificateMeter.of(codec.profile());
  }

  /**
   * Takes the next frame.
   *
   * @param frame as it was sent, from its position to its limit, which stay
   * @param source f32 [positions, width] that it was made from, from its position, which moves
   *     behind the frame's
   */
  public void add(ByteBuffer frame, FloatBuffer source) {
    int elements = decoder.inspect(frame).elements();
    if (decoded.capacity() < elements) {
      decoded = FloatBuffer.allocate(elements);
    }
    int positions = decoder.decode(frame.duplicate(), decoded.clear());
    meter.add(source, decoded.flip(), positions, frame.remaining());
    source.position(source.position() + positions * width);
  }

  /** What was measured so far. */
  public Certificate certificate() {
    return meter.certificate();
  }
}

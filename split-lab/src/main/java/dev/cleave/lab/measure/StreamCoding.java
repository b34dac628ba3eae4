package dev.cleave.lab.measure;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.half.Sample;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Sends samples through frames as a session would, the first with the long header. Confined to one
 * thread.
 */
public final class StreamCoding {
  /** The most that the device puts into one. */
  private static final int POSITIONS_PER_FRAME = 128;

  private static final int MAX_PAYLOAD_BYTES = 64 << 20;

  private final StreamSpec spec;
  private final FrameEncoder encoder;
  private final FrameDecoder decoder;
  private ByteBuffer frame = ByteBuffer.allocate(0);
  private long frameBytes;
  private long elements;

  /**
   * A coding of this stream.
   *
   * @param profile the one that the spec names, or null where it names none
   */
  public StreamCoding(StreamSpec spec, @Nullable Profile profile) {
    FrameLimits limits = new FrameLimits(POSITIONS_PER_FRAME, spec.width(), MAX_PAYLOAD_BYTES);
    this.spec = spec;
    this.encoder = FrameEncoder.of(spec, profile);
    this.decoder = FrameDecoder.of(spec, limits, profile);
  }

  /**
   * What arrives of a sample.
   *
   * @throws IllegalArgumentException when the codec cannot meet its target
   */
  public Sample sent(Sample sample) {
    FloatBuffer states = FloatBuffer.wrap(sample.states());
    float[] arrived = new float[sample.states().length];
    FloatBuffer out = FloatBuffer.wrap(arrived);
    HeaderForm form = HeaderForm.LONG;
    int positions;
    for (int start = 0; start < sample.positions(); start += positions) {
      positions = Math.min(sample.framing().frameAt(start), sample.positions() - start);
      int most = encoder.maxEncodedBytes(positions);
      if (frame.capacity() < most) {
        frame = ByteBuffer.allocate(most);
      }
      frame.clear();
      frameBytes += encoder.encode(states, start, positions, form, frame);
      decoder.decode(frame.flip(), out);
      form = HeaderForm.SHORT;
    }
    elements += (long) sample.positions() * spec.width();
    return sample.withStates(arrived);
  }

  /** Bytes of all frames so far, headers included. */
  public long frameBytes() {
    return frameBytes;
  }

  /** Elements of all samples so far. */
  public long elements() {
    return elements;
  }
}

package dev.cleave.bench.codec;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Frames of one stream, there and back, with what they cost. Confined to one thread.
 *
 * <p>Short headers, which are those of an open stream.
 */
final class Coding {
  static final FrameLimits LIMITS = new FrameLimits(4096, 4096, 1 << 28);

  private final StreamSpec spec;
  private final FrameEncoder encoder;
  private final FrameDecoder decoder;
  private long bytes;
  private long elements;

  Coding(StreamSpec spec, @Nullable Profile profile) {
    this.spec = spec;
    this.encoder = FrameEncoder.of(spec, profile);
    this.decoder = FrameDecoder.of(spec, LIMITS, profile);
  }

  /** What the other side has of these rows, sent in frames of so many positions. */
  float[] roundTrip(float[] rows, int positionsPerFrame) {
    int positions = rows.length / spec.width();
    FloatBuffer in = FloatBuffer.wrap(rows);
    float[] back = new float[rows.length];
    FloatBuffer out = FloatBuffer.wrap(back);
    for (int start = 0; start < positions; start += positionsPerFrame) {
      int n = Math.min(positionsPerFrame, positions - start);
      ByteBuffer frame = ByteBuffer.allocate(encoder.maxEncodedBytes(n));
      bytes += encoder.encode(in, start, n, HeaderForm.SHORT, frame);
      decoder.decode(frame.flip(), out);
    }
    elements += rows.length;
    return back;
  }

  /** Of all that was sent, headers included. */
  double bitsPerElement() {
    return 8.0 * bytes / elements;
  }
}

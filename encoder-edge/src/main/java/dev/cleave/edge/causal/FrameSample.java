package dev.cleave.edge.causal;

import dev.cleave.codec.Certificate;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.edge.codec.StreamMeter;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Some of a turn's frames and what they were made from, kept to be measured when the answer has
 * ended: decoding them again at once would slow each token. Kept are the first frames of the
 * prompt, then of the steps some: enough for channels to show how they vary, and few enough that
 * measuring them takes milliseconds where each costs width^2. Confined to one thread.
 */
final class FrameSample {
  private static final int PROMPT_POSITIONS = 112;
  private static final int POSITIONS = 176;

  /** Steps are kept whole up to this many, then one of {@link #SPARSE}. */
  private static final int DENSE_STEPS = 32;

  private static final int SPARSE = 8;

  private record Kept(ByteBuffer frame, FloatBuffer source) {}

  private final List<Kept> kept = new ArrayList<>();
  private int positions;
  private int steps;

  /** A frame of the prompt was sent. */
  void prompt(ByteBuffer frame, FloatBuffer source, int count) {
    if (positions + count <= PROMPT_POSITIONS) {
      keep(frame, source, count);
    }
  }

  /** A frame of a step was sent. */
  void step(ByteBuffer frame, FloatBuffer source, int count) {
    int step = steps++;
    if ((step < DENSE_STEPS || step % SPARSE == 0) && positions + count <= POSITIONS) {
      keep(frame, source, count);
    }
  }

  int positions() {
    return positions;
  }

  /** What the kept frames lose; keeps them no more. */
  Certificate measure(StreamCodec codec) {
    StreamMeter meter = new StreamMeter(codec, LowerHalf.MAX_CHUNK);
    kept.forEach(it -> meter.add(it.frame(), it.source().duplicate()));
    kept.clear();
    return meter.certificate();
  }

  /** Frames never change once sent; the source's buffer does, so it is copied. */
  private void keep(ByteBuffer frame, FloatBuffer source, int count) {
    FloatBuffer copy = FloatBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
    kept.add(new Kept(frame, copy));
    positions += count;
  }
}

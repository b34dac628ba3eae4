package dev.cleave.bench;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Frames of 64 positions x 768 elements to bytes and back, beside a plain copy of the same floats:
 * the bound for any codec that touches each value once. The score is frames a microsecond; times
 * 49,152 it is million elements a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class FrameBenchmark {
  private static final int POSITIONS = 64;
  private static final int WIDTH = 768;
  private static final int ELEMENTS = POSITIONS * WIDTH;

  /** How the values are coded. */
  @Param({"RAW_F32", "RAW_BF16", "INT8"})
  public CodecMode mode = CodecMode.INT8;

  private final FloatBuffer values = direct(ELEMENTS * Float.BYTES).asFloatBuffer();
  private final FloatBuffer decoded = direct(ELEMENTS * Float.BYTES).asFloatBuffer();
  private ByteBuffer frame = direct(0);
  private FrameEncoder encoder = FrameEncoder.of(new StreamSpec(mode, WIDTH));
  private FrameDecoder decoder = decoder(new StreamSpec(mode, WIDTH));

  /** Fills the values from a fixed seed and encodes one frame for the decoder. */
  @Setup
  public void fill() {
    Random random = new Random(7);
    for (int i = 0; i < ELEMENTS; i++) {
      values.put(i, (float) random.nextGaussian());
    }
    StreamSpec spec = new StreamSpec(mode, WIDTH);
    encoder = FrameEncoder.of(spec);
    decoder = decoder(spec);
    frame = direct(encoder.maxEncodedBytes(POSITIONS));
    encode();
  }

  /** The bound: a bulk copy of the floats. */
  @Benchmark
  public FloatBuffer copy() {
    return decoded.put(0, values, 0, ELEMENTS);
  }

  /** Floats to a self-contained frame, checksums included. */
  @Benchmark
  public ByteBuffer encode() {
    frame.clear();
    encoder.encode(values.duplicate(), 0, POSITIONS, HeaderForm.LONG, frame);
    return frame.flip();
  }

  /** A frame to floats, checksums and limits included. */
  @Benchmark
  public FloatBuffer decode() {
    FloatBuffer out = decoded.duplicate();
    decoder.decode(frame.duplicate(), out);
    return out;
  }

  private static FrameDecoder decoder(StreamSpec spec) {
    return FrameDecoder.of(spec, new FrameLimits(POSITIONS, WIDTH, 1 << 24));
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }
}

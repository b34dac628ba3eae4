package dev.cleave.bench.codec;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
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

/** Frames of synthetic states to bytes and back, checksums and limits included. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 2, time = 1)
@Fork(1)
public class FrameBenchmark {
  /** How the values are coded: a mode, or a mode and bits an element. */
  @Param({"RAW_F32"})
  public String stream = "RAW_F32";

  /** Channels. */
  @Param({"2048"})
  public int width = 2048;

  /** Rows in a frame. */
  @Param({"64"})
  public int positions = 64;

  private FloatBuffer values = FloatBuffer.allocate(0);
  private FloatBuffer decoded = FloatBuffer.allocate(0);
  private ByteBuffer frame = ByteBuffer.allocate(0);
  private FrameEncoder encoder = BenchStream.of("RAW_F32", 1).encoder();
  private FrameDecoder decoder = BenchStream.of("RAW_F32", 1).decoder();

  /** Fills the values from a fixed seed and encodes one frame for the decoder. */
  @Setup
  public void fill() {
    BenchStream it = BenchStream.of(stream, width);
    values = BenchStream.directFloats(it.states(positions));
    decoded = BenchStream.directFloats(new float[positions * width]);
    encoder = it.encoder();
    decoder = it.decoder();
    frame = ByteBuffer.allocateDirect(encoder.maxEncodedBytes(positions));
    encode();
  }

  /** Floats to a frame. */
  @Benchmark
  public ByteBuffer encode() {
    encoder.encode(values.clear(), 0, positions, HeaderForm.SHORT, frame.clear());
    return frame.flip();
  }

  /** A frame to floats. */
  @Benchmark
  public FloatBuffer decode() {
    decoder.decode(frame.rewind(), decoded.clear());
    return decoded;
  }

  /** Both, one after the other: what a frame costs in all. */
  @Benchmark
  public FloatBuffer roundTrip() {
    encode();
    return decode();
  }
}

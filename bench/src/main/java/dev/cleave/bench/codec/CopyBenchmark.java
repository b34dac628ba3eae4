package dev.cleave.bench.codec;

import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What frames are measured against, on the same 64 rows: a plain copy, and zstd. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 2, time = 1)
@Fork(1)
public class CopyBenchmark {
  private static final int POSITIONS = 64;

  private FloatBuffer values = FloatBuffer.allocate(0);
  private FloatBuffer copied = FloatBuffer.allocate(0);
  private ByteBuffer planes = ByteBuffer.allocate(0);
  private ByteBuffer compressed = ByteBuffer.allocate(0);
  private ByteBuffer restored = ByteBuffer.allocate(0);
  private int compressedBytes;
  private final ZstdCompressCtx compressor = new ZstdCompressCtx();
  private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();

  /** The rows of {@link FrameBenchmark}, also in byte planes. */
  @Setup
  public void fill() {
    float[] rows = BenchStream.of("RAW_F32", 2048).states(POSITIONS);
    values = BenchStream.directFloats(rows);
    copied = BenchStream.directFloats(rows);
    byte[] shuffled = BytePlanes.shuffled(BytePlanes.bytes(rows, Float.BYTES), Float.BYTES);
    planes = ByteBuffer.allocateDirect(shuffled.length).put(0, shuffled);
    compressed = ByteBuffer.allocateDirect(2 * shuffled.length);
    restored = ByteBuffer.allocateDirect(shuffled.length);
    compressor.setLevel(BytePlanes.LEVEL);
    zstdEncode();
  }

  /** The bound of any code that touches each value once. */
  @Benchmark
  public FloatBuffer copy() {
    return copied.put(0, values, 0, values.capacity());
  }

  /** zstd of planes that are there already: the shuffling is not counted. */
  @Benchmark
  public int zstdEncode() {
    compressedBytes =
        compressor.compressDirectByteBuffer(
            compressed, 0, compressed.capacity(), planes, 0, planes.capacity());
    return compressedBytes;
  }

  /** Back to planes. */
  @Benchmark
  public int zstdDecode() {
    return decompressor.decompressDirectByteBuffer(
        restored, 0, restored.capacity(), compressed, 0, compressedBytes);
  }

  /** Frees the native contexts. */
  @TearDown
  public void close() {
    compressor.close();
    decompressor.close();
  }
}

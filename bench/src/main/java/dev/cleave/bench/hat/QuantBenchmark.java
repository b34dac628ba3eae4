package dev.cleave.bench.hat;

import dev.cleave.hat.quantise.QuantInfo;
import dev.cleave.hat.quantise.QuantKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
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

/** Quantising a frame of 64 x 768 and back, and copying the same values. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 20, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class QuantBenchmark {
  static final int ELEMENTS = 64 * 768;

  private static final long ALIGNMENT = 64;
  private static final QuantInfo BYTES = new QuantInfo(0.05f, 128, -6.4f, 6.35f);
  private static final QuantInfo SHORTS = new QuantInfo(0.0002f, 32768, -6.5536f, 6.5534f);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment values = floats();
  private final MemorySegment copied = floats();
  private final MemorySegment stored = arena.allocate(2L * ELEMENTS, ALIGNMENT);

  private MemorySegment floats() {
    return arena.allocate((long) ELEMENTS * Float.BYTES, ALIGNMENT);
  }

  /** Seeded values, a few beyond the limits. */
  @Setup
  public void fill() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
    for (int i = 0; i < ELEMENTS; i++) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (2 * random.nextGaussian()));
    }
    QuantKernels.toUint16(values, ELEMENTS, SHORTS, stored);
  }

  /** The bound of what reads each value once and writes as many bytes. */
  @Benchmark
  public MemorySegment copy() {
    return copied.copyFrom(values);
  }

  /** To two bytes. */
  @Benchmark
  public MemorySegment toUint16() {
    QuantKernels.toUint16(values, ELEMENTS, SHORTS, stored);
    return stored;
  }

  /** Back from two bytes. */
  @Benchmark
  public MemorySegment fromUint16() {
    QuantKernels.fromUint16(stored, ELEMENTS, SHORTS, copied);
    return copied;
  }

  /** To a byte. */
  @Benchmark
  public MemorySegment toUint8() {
    QuantKernels.toUint8(values, ELEMENTS, BYTES, stored);
    return stored;
  }

  /** Back from a byte. */
  @Benchmark
  public MemorySegment fromUint8() {
    QuantKernels.fromUint8(stored, ELEMENTS, BYTES, copied);
    return copied;
  }

  /** Frees the memory. */
  @TearDown
  public void close() {
    arena.close();
  }
}

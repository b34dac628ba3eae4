package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.cleave.codec.rate.RateTarget;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames of one position, as a generating stream sends them, cost no garbage. */
class AllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int MOST_ROUNDS = 50;
  private static final int FRAMES = 2_000;

  static Stream<StreamSpec> specs() {
    return Arrays.stream(CodecMode.values())
        .flatMap(mode -> IntStream.of(768, 2048).mapToObj(width -> spec(mode, width)));
  }

  private static StreamSpec spec(CodecMode mode, int width) {
    return mode.hasTarget()
        ? new StreamSpec(mode, width, new RateTarget.BytesPerPosition(width / 2))
        : new StreamSpec(mode, width);
  }

  @ParameterizedTest
  @MethodSource("specs")
  void framesInHeapBuffersAllocateNothing(StreamSpec spec) {
    int width = spec.width();
    run(
        spec,
        FloatBuffer.wrap(Frames.values(1, 1, width)),
        ByteBuffer.allocate(FrameEncoder.of(spec).maxEncodedBytes(1)),
        FloatBuffer.allocate(width));
  }

  @ParameterizedTest
  @MethodSource("specs")
  void framesInDirectBuffersAllocateNothing(StreamSpec spec) {
    int width = spec.width();
    run(
        spec,
        direct(width).put(0, Frames.values(1, 1, width)),
        ByteBuffer.allocateDirect(FrameEncoder.of(spec).maxEncodedBytes(1)),
        direct(width));
  }

  private static void run(StreamSpec spec, FloatBuffer values, ByteBuffer frame, FloatBuffer out) {
    FrameEncoder encoder = FrameEncoder.of(spec);
    FrameDecoder decoder = FrameDecoder.of(spec, Frames.LIMITS);
    long least = Long.MAX_VALUE;
    // Until the compiler has seen it all: interpreted code, and the runtime's first calls,
    // allocate.
    for (int round = 0; round < MOST_ROUNDS && least > 0; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      frames(encoder, decoder, values, frame, out);
      least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).as("bytes of %d frames of %s", FRAMES, spec).isZero();
  }

  private static void frames(
      FrameEncoder encoder,
      FrameDecoder decoder,
      FloatBuffer values,
      ByteBuffer frame,
      FloatBuffer out) {
    for (int i = 0; i < FRAMES; i++) {
      encoder.encode(values.clear(), i, 1, HeaderForm.SHORT, frame.clear());
      decoder.decode(frame.flip(), out.clear());
    }
  }

  private static FloatBuffer direct(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }
}

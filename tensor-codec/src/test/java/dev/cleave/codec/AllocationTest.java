package dev.cleave.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Frames of one position, as a generating stream sends them, cost no garbage. */
class AllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** A busy machine takes its time to compile; whatever still allocates then always will. */
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  private static final int FRAMES = 500;

  /**
   * What the compiler leaves of vectors and views where it has seen too many kinds of buffers, as
   * in this process. In one of its own a frame of RATE costs 0 bytes: ./cleave bench codec.
   */
  private static final long MOST_BOXES = 256;

  /** The modes with a target at one width only: they take seconds each. */
  static Stream<TestStream> streams() {
    return IntStream.of(768, 2048)
        .boxed()
        .flatMap(width -> TestStream.all(width).stream())
        .filter(stream -> stream.width() == 768 || stream.spec().target() == null);
  }

  @ParameterizedTest
  @MethodSource("streams")
  void framesInHeapBuffersAllocateNothing(TestStream stream) {
    int width = stream.width();
    run(
        stream,
        FloatBuffer.wrap(stream.states(1, 1)),
        ByteBuffer.allocate(stream.encoder().maxEncodedBytes(1)),
        FloatBuffer.allocate(width));
  }

  @ParameterizedTest
  @MethodSource("streams")
  void framesInDirectBuffersAllocateNothing(TestStream stream) {
    int width = stream.width();
    run(
        stream,
        direct(width).put(0, stream.states(1, 1)),
        ByteBuffer.allocateDirect(stream.encoder().maxEncodedBytes(1)),
        direct(width));
  }

  private static void run(
      TestStream stream, FloatBuffer values, ByteBuffer frame, FloatBuffer out) {
    FrameEncoder encoder = stream.encoder();
    FrameDecoder decoder = stream.decoder();
    long least = Long.MAX_VALUE;
    // Until the compiler has seen it all: interpreted code, and the runtime's first calls,
    // allocate.
    long most = stream.spec().target() == null ? 0 : FRAMES * MOST_BOXES;
    long patience = System.nanoTime() + PATIENCE_NANOS;
    while (least > most && System.nanoTime() < patience) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      frames(encoder, decoder, values, frame, out);
      least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).as("bytes of %d frames of %s", FRAMES, stream).isLessThanOrEqualTo(most);
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

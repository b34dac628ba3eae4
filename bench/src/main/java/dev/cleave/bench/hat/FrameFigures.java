package dev.cleave.bench.hat;

import com.sun.management.ThreadMXBean;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.hat.HatDevice;
import dev.cleave.hat.HatFrame;
import dev.cleave.hat.HatLibrary;
import dev.cleave.hat.HatModel;
import dev.cleave.hat.HatSession;
import dev.cleave.hat.HatTransfer;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** Whole frames through a session on the simulator. Confined to one thread. */
@SuppressWarnings("restricted") // loops in C, bound for this alone
final class FrameFigures implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** A frame of an encoder of this size: 64 positions of 768. */
  private static final int POSITIONS = 64;

  private static final int FEATURES = 768;
  private static final int FRAMES_A_ROUND = 2_000;
  private static final int ROUNDS = 7;
  private static final int WARM_UP_ROUNDS = 20;

  private final Path file;
  private final HatLibrary library;
  private final ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

  private FrameFigures(Path file, HatLibrary library) {
    this.file = file;
    this.library = library;
  }

  static FrameFigures open(Path file) {
    return new FrameFigures(file, HatLibrary.open(file));
  }

  /**
   * Frames a second with the chip busy for 20 ms of each and two places in its queue.
   *
   * @param millis for which the chip is taken by a frame
   */
  double pipelined(int millis, int frames) {
    SimulatedBoard.configure(file, "queue=2,latency_us=" + 1000 * millis);
    try (HatDevice device = library.open("");
        HatModel model = load(device, POSITIONS, FEATURES);
        HatSession session = model.open();
        HatFrame first = session.frame();
        HatFrame second = session.frame()) {
      Deque<HatFrame> free = new ArrayDeque<>();
      free.add(first);
      free.add(second);
      Deque<HatFrame> under = new ArrayDeque<>();
      Deque<HatTransfer> transfers = new ArrayDeque<>();
      long began = 0;
      // The first frame fills the queue, and is not counted.
      for (int i = 0; i <= frames; i++) {
        while (!free.isEmpty()) {
          HatFrame frame = free.remove();
          transfers.add(session.start(frame, PATIENCE));
          under.add(frame);
        }
        transfers.remove().await(PATIENCE);
        free.add(under.remove());
        began = i == 0 ? System.nanoTime() : began;
      }
      double rate = frames * 1e9 / (System.nanoTime() - began);
      for (HatTransfer transfer : transfers) {
        transfer.await(PATIENCE);
      }
      return rate;
    }
  }

  /** Microseconds of one small frame at a time: by the session, and from C. */
  Ratio oneAtATime(Path loops) throws Throwable {
    SimulatedBoard.configure(file, "devices=2");
    Ratio ratio = new Ratio("one frame at a time", "us");
    try (Arena arena = Arena.ofConfined();
        RawSession raw = RawSession.open(file);
        HatDevice device = library.open(library.scan().getLast());
        HatModel model = load(device, RawSession.POSITIONS, RawSession.FEATURES);
        HatSession session = model.open();
        HatFrame frame = session.frame()) {
      MethodHandle loop =
          Linker.nativeLinker()
              .downcallHandle(
                  SymbolLookup.libraryLookup(loops, arena).findOrThrow("cleave_bench_run"),
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_LONG,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_LONG,
                      ValueLayout.JAVA_LONG));
      MemorySegment run =
          SymbolLookup.libraryLookup(file, arena).findOrThrow("cleave_hat_session_run");
      MemorySegment buffers = raw.buffers();
      for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        double ours = ours(session, frame);
        long began = System.nanoTime();
        long status =
            (long) loop.invokeExact(run, raw.handle(), buffers, 2L, (long) FRAMES_A_ROUND);
        double theirs = (System.nanoTime() - began) / 1000.0 / FRAMES_A_ROUND;
        if (status != 0) {
          throw new IllegalStateException("the simulator says " + status);
        }
        if (round >= 0) {
          ratio.round(ours, theirs);
        }
      }
    }
    return ratio;
  }

  private static double ours(HatSession session, HatFrame frame) {
    long began = System.nanoTime();
    for (int i = 0; i < FRAMES_A_ROUND; i++) {
      session.run(frame, PATIENCE);
    }
    return (System.nanoTime() - began) / 1000.0 / FRAMES_A_ROUND;
  }

  /** Bytes that all threads of this process allocate for one frame. */
  double allocated() {
    SimulatedBoard.configure(file, "");
    try (HatDevice device = library.open("");
        HatModel model = load(device, RawSession.POSITIONS, RawSession.FEATURES);
        HatSession session = model.open();
        HatFrame frame = session.frame()) {
      for (int i = 0; i < WARM_UP_ROUNDS; i++) { // until the compiler has removed what it can
        ours(session, frame);
      }
      long before = threads.getTotalThreadAllocatedBytes();
      ours(session, frame);
      return (threads.getTotalThreadAllocatedBytes() - before) / (double) FRAMES_A_ROUND;
    }
  }

  private static HatModel load(HatDevice device, int positions, int features) {
    return device.load(MemorySegment.ofArray(ReluModel.of(positions, features)));
  }

  @Override
  public void close() {
    SimulatedBoard.configure(file, "");
    library.close();
  }
}

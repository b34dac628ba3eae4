package dev.cleave.server.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * What glibc has allocated to this process. The JVM allocates there too, by megabytes and when it
 * likes (its compilers above all): a single difference says little.
 */
public final class NativeHeap {
  private static final int WINDOWS = 8;

  // struct mallinfo2 (malloc.h, glibc 2.33): ten size_t; hblkhd and uordblks are the bytes in use
  private static final MemoryLayout MALLINFO2 =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(10, ValueLayout.JAVA_LONG));
  private static final int HBLKHD = 4;
  private static final int UORDBLKS = 7;

  private NativeHeap() {}

  @SuppressWarnings("restricted")
  public static long allocatedBytes() {
    Linker linker = Linker.nativeLinker();
    MethodHandle mallinfo2 =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("mallinfo2"), FunctionDescriptor.of(MALLINFO2));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = (MemorySegment) mallinfo2.invokeExact((SegmentAllocator) arena);
      return info.getAtIndex(ValueLayout.JAVA_LONG, HBLKHD)
          + info.getAtIndex(ValueLayout.JAVA_LONG, UORDBLKS);
    } catch (Throwable e) {
      throw new IllegalStateException("mallinfo2", e);
    }
  }

  /**
   * The growth over that one of several runs of {@code window} that changed least, in bytes: what
   * {@code window} loses is in each of them, what the JVM takes or gives back is not.
   */
  public static long steadyGrowth(Runnable window) {
    long steady = Long.MAX_VALUE;
    for (int n = 0; n < WINDOWS; n++) {
      long before = allocatedBytes();
      window.run();
      long growth = allocatedBytes() - before;
      if (Math.abs(growth) < Math.abs(steady)) {
        steady = growth;
      }
    }
    return steady;
  }
}

package dev.cleave.server.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What glibc has allocated to this process. */
public final class NativeHeap {
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
}

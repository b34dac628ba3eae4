package dev.cleave.server.upper;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** The address space of this process cut to little more than it has, until closed. */
final class AddressSpace implements AutoCloseable {
  // resource.h of Linux: struct rlimit is two unsigned longs, soft and hard
  private static final int RLIMIT_AS = 9;
  private static final MemoryLayout RLIMIT =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(2, ValueLayout.JAVA_LONG));

  private final long before;

  private AddressSpace(long before) {
    this.before = before;
  }

  /** Leaves room for so many bytes more. */
  static AddressSpace limit(long moreBytes) throws IOException {
    long has =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmSize:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
            .sum();
    return new AddressSpace(replace(has + moreBytes));
  }

  @Override
  public void close() {
    replace(before);
  }

  /** Sets the soft limit; the one before. */
  private static long replace(long soft) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(RLIMIT);
      call("getrlimit", limit);
      long before = limit.getAtIndex(ValueLayout.JAVA_LONG, 0);
      limit.setAtIndex(ValueLayout.JAVA_LONG, 0, soft);
      call("setrlimit", limit);
      return before;
    }
  }

  @SuppressWarnings("restricted")
  private static void call(String function, MemorySegment limit) {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor form =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
    try {
      int status =
          (int)
              linker
                  .downcallHandle(linker.defaultLookup().findOrThrow(function), form)
                  .invokeExact(RLIMIT_AS, limit);
      if (status != 0) {
        throw new IllegalStateException(function + " returns " + status);
      }
    } catch (Throwable e) {
      throw new IllegalStateException(function, e);
    }
  }
}

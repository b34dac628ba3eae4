package dev.cleave.bench.hat;

import dev.cleave.hat.ffi.cleave_hat_h;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One call of the library: from C, by a method handle alone, by the bindings. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 20, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@SuppressWarnings("restricted") // what is measured
public class CallBenchmark {
  /** Where the loops in C are. */
  static final String LOOPS = "cleave.bench.loops";

  /** Where the simulator is. */
  static final String SIMULATOR = "cleave.bench.simulator";

  private static final int LOOP = 100_000;
  private static final Linker LINKER = Linker.nativeLinker();

  /** A constant with its address in it: the best that a downcall can be. */
  private static final MethodHandle VERSION =
      LINKER.downcallHandle(
          simulator("cleave_hat_abi_version"), FunctionDescriptor.of(ValueLayout.JAVA_INT));

  private static final MethodHandle VERSION_LOOP =
      LINKER.downcallHandle(
          loops("cleave_bench_version"),
          FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

  private static final MethodHandle WAIT_LOOP =
      LINKER.downcallHandle(
          loops("cleave_bench_wait_ready"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG));

  private final RawSession session = RawSession.open(Path.of(System.getProperty(SIMULATOR)));
  private cleave_hat_h calls = session.calls();
  private MemorySegment handle = session.handle();
  private MemorySegment version = MemorySegment.NULL;
  private MemorySegment wait = MemorySegment.NULL;

  private static MemorySegment simulator(String name) {
    return symbol(System.getProperty(SIMULATOR), name);
  }

  private static MemorySegment loops(String name) {
    return symbol(System.getProperty(LOOPS), name);
  }

  private static MemorySegment symbol(String library, String name) {
    // The whole life of the process, which is a fork of the harness.
    return SymbolLookup.libraryLookup(Path.of(library), Arena.global()).findOrThrow(name);
  }

  /** Looks up what the loops call. */
  @Setup
  public void find() {
    version = simulator("cleave_hat_abi_version");
    wait = simulator("cleave_hat_session_wait_ready");
  }

  /** From C. */
  @Benchmark
  @OperationsPerInvocation(LOOP)
  public long versionFromC() throws Throwable {
    return (long) VERSION_LOOP.invokeExact(version, (long) LOOP);
  }

  /** By a method handle alone. */
  @Benchmark
  public int versionBare() throws Throwable {
    return (int) VERSION.invokeExact();
  }

  /** By the bindings. */
  @Benchmark
  public int versionBound() {
    return calls.cleave_hat_abi_version();
  }

  /** Of the calls that each frame takes, the one that does least. From C. */
  @Benchmark
  @OperationsPerInvocation(LOOP)
  public long waitReadyFromC() throws Throwable {
    return (long) WAIT_LOOP.invokeExact(wait, handle, (long) LOOP);
  }

  /** By the bindings. */
  @Benchmark
  public int waitReadyBound() {
    return calls.cleave_hat_session_wait_ready(handle, 1, 1000);
  }

  /** Closes what was opened. */
  @TearDown
  public void close() {
    session.close();
  }
}

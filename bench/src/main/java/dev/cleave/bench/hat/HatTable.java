package dev.cleave.bench.hat;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.hat.quantise.QuantKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What the host adds to the work of an accelerator, on its simulator. */
public final class HatTable {
  private static final int CHIP_MILLIS = 20;
  private static final int PIPELINED_FRAMES = 150;

  private static final double FRAME_BYTES = (double) QuantBenchmark.ELEMENTS * Float.BYTES;

  /** Less for each frame is what the harness itself allocates meanwhile. */
  private static final double SMALLEST_OBJECT = 16;

  private final Path simulator;
  private final Path loops;

  private HatTable(Path simulator, Path loops) {
    this.simulator = simulator;
    this.loops = loops;
  }

  /** Measures, which takes two minutes, and prints to standard output. */
  public static void print() throws IOException, InterruptedException, RunnerException {
    Optional<Path> simulator = SimulatedBoard.library();
    if (simulator.isEmpty()) {
      System.out.println(
          "hat: skipped, since the simulator is not built; install g++, then ./cleave build");
      return;
    }
    Path folder = Files.createTempDirectory("cleave-bench-hat");
    try {
      HatTable table = new HatTable(simulator.get(), SimulatedBoard.compileLoops(folder));
      table.calls();
      table.quantising();
      table.frames();
    } finally {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private void calls() throws RunnerException {
    System.out.printf("%nOne call of the library, ns, best of 20%n");
    double c = call("versionFromC");
    print("a function that only returns, from C", c, "");
    print("  bare FFM", call("versionBare"), "");
    printAbove(call("versionBound"), c);
    double waitC = call("waitReadyFromC");
    print("waiting for room that there is, from C", waitC, "");
    printAbove(call("waitReadyBound"), waitC);
  }

  private static void printAbove(double bound, double c) {
    print(
        "  bindings",
        bound,
        String.format(Locale.ROOT, "%+.1f to C, ", bound - c) + Goal.atMost(10).verdict(bound - c));
  }

  private void quantising() throws RunnerException {
    System.out.printf(
        "%nQuantising a frame of %d values, GB of f32 a second, one thread, best of 20, %s code%n",
        QuantBenchmark.ELEMENTS, QuantKernels.vectorised() ? "vector" : "scalar");
    double copy = gigabytes("copy");
    print("plain copy", copy, "");
    for (String what : new String[] {"toUint16", "fromUint16", "toUint8", "fromUint8"}) {
      double figure = gigabytes(what);
      print(what, figure, String.format(Locale.ROOT, "%.2f of the copy", figure / copy));
    }
  }

  private void frames() {
    System.out.printf("%nWhole frames%n");
    try (FrameFigures figures = FrameFigures.open(simulator)) {
      double bound = 1000.0 / CHIP_MILLIS;
      double rate = figures.pipelined(CHIP_MILLIS, PIPELINED_FRAMES);
      print(
          "chip busy for 20 ms, queue of 2, frames/s",
          rate,
          String.format(Locale.ROOT, "of at most %.0f: ", bound)
              + Goal.atLeast(0.95).verdict(rate / bound));
      double allocated = figures.allocated();
      double real = allocated < SMALLEST_OBJECT ? 0 : Math.rint(allocated);
      print("bytes allocated for a frame", real, Goal.atMost(0).verdict(real));
      Ratio one = figures.oneAtATime(loops);
      print(
          "one small frame at a time, us",
          one.ours(),
          String.format(Locale.ROOT, "%.2f of C; ", one.ratio()) + one.sides("session", "C"));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static void print(String what, double figure, String more) {
    System.out.println(
        String.format(Locale.ROOT, "%-42s %8.2f  %s", what, figure, more).stripTrailing());
  }

  private double gigabytes(String what) throws RunnerException {
    return FRAME_BYTES / run(QuantBenchmark.class, what);
  }

  private double call(String what) throws RunnerException {
    return run(CallBenchmark.class, what);
  }

  /**
   * Nanoseconds of one operation, in a JVM of its own: the least of the iterations, since what else
   * runs on the machine only adds, and a difference of a few nanoseconds is asked for.
   */
  private double run(Class<?> benchmark, String what) throws RunnerException {
    System.err.println("measuring " + benchmark.getSimpleName() + "." + what + " ...");
    Path aside = loops.resolveSibling(what + ".log");
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .include("\\." + benchmark.getSimpleName() + "\\." + what + "$")
                    .jvmArgsAppend(
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-D" + CallBenchmark.LOOPS + "=" + loops,
                        "-D" + CallBenchmark.SIMULATOR + "=" + simulator)
                    .verbosity(VerboseMode.SILENT)
                    .output(aside.toString())
                    .shouldFailOnError(true)
                    .build())
            .run();
    if (results.size() != 1) {
      throw new IllegalStateException("one benchmark was asked for, " + results.size() + " ran");
    }
    return results.iterator().next().getPrimaryResult().getStatistics().getMin();
  }
}

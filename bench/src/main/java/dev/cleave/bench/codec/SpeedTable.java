package dev.cleave.bench.codec;

import dev.cleave.codec.CodecMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Speed by JMH on one thread, in forked JVMs with the Vector API, and what a frame allocates. */
public final class SpeedTable {
  private static final int WIDTH = 2048;
  private static final int POSITIONS = 64;

  /** In bytes. Less than one a frame is what the harness itself allocates meanwhile. */
  private static final double SMALLEST_OBJECT = 16;

  private static final double FRAME_BYTES = (double) POSITIONS * WIDTH * Float.BYTES;

  private static final List<CodecMode> ONE_TOKEN =
      List.of(
          CodecMode.RAW_F32,
          CodecMode.INT8,
          CodecMode.INT4,
          CodecMode.RATE,
          CodecMode.RATE_TRELLIS);

  private static final Map<String, Goal> GOALS =
      Map.of(
          "INT8 encode", Goal.atLeast(10),
          "RATE encode", Goal.atLeast(1),
          "RATE decode", Goal.atLeast(1.3),
          "LOSSLESS_F32 encode", Goal.atLeast(1));

  private SpeedTable() {}

  /** Measures, which takes minutes, and prints to standard output; progress goes to stderr. */
  public static void print() throws RunnerException {
    System.out.printf(
        "%nSpeed: one thread, frames of %d x %d, GB of f32 a second%n", POSITIONS, WIDTH);
    System.out.println(line("plain copy", copied("copy"), null));
    double zstd = copied("zstdEncode");
    System.out.println(line("zstd-3 of byte planes, encode", zstd, null));
    System.out.println(line("zstd-3 of byte planes, decode", copied("zstdDecode"), null));
    for (CodecMode mode : CodecMode.values()) {
      for (String what : new String[] {"encode", "decode"}) {
        String name = mode + " " + what;
        double figure = gigabytes(run(FrameBenchmark.class.getSimpleName() + "." + what, mode));
        System.out.println(line(name, figure, GOALS.get(name)));
        if (name.equals("LOSSLESS_F32 encode")) {
          System.out.println(line("  over zstd-3", figure / zstd, Goal.atLeast(2)));
        }
      }
    }
    oneToken();
  }

  private static void oneToken() throws RunnerException {
    System.out.printf("%nFrames of one position: encode and decode%n");
    for (int width : new int[] {768, 2048}) {
      for (CodecMode mode : ONE_TOKEN) {
        ChainedOptionsBuilder options =
            options(FrameBenchmark.class.getSimpleName() + ".roundTrip", mode)
                .param("width", Integer.toString(width))
                .param("positions", "1")
                .addProfiler(GCProfiler.class);
        RunResult run = run(options);
        double micros = run.getPrimaryResult().getScore() / 1000;
        double allocated = allocated(run) < SMALLEST_OBJECT ? 0 : Math.rint(allocated(run));
        System.out.printf(
            Locale.ROOT,
            "%-34s %8.2f us  %s; %.0f bytes allocated  %s%n",
            mode + " d=" + width,
            micros,
            Goal.atMost(25).verdict(micros),
            allocated,
            Goal.atMost(0).verdict(allocated));
      }
    }
  }

  private static double copied(String what) throws RunnerException {
    return gigabytes(run(CopyBenchmark.class.getSimpleName() + "." + what, null));
  }

  private static double allocated(RunResult run) {
    for (String name : run.getSecondaryResults().keySet()) {
      if (name.endsWith("gc.alloc.rate.norm")) {
        return run.getSecondaryResults().get(name).getScore();
      }
    }
    throw new IllegalStateException("the profiler gave " + run.getSecondaryResults().keySet());
  }

  private static String line(String what, double figure, @Nullable Goal goal) {
    return String.format(Locale.ROOT, "%-34s %8.2f  ", what, figure)
        + (goal == null ? "" : goal.verdict(figure));
  }

  /** Of input or output floats, from nanoseconds a frame. */
  private static double gigabytes(double nanos) {
    return FRAME_BYTES / nanos;
  }

  private static double run(String benchmark, @Nullable CodecMode mode) throws RunnerException {
    return run(options(benchmark, mode)).getPrimaryResult().getScore();
  }

  private static ChainedOptionsBuilder options(String benchmark, @Nullable CodecMode mode) {
    System.err.println("measuring " + benchmark + (mode == null ? "" : " " + mode) + " ...");
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("\\." + benchmark.replace(".", "\\.") + "$")
            .jvmArgsAppend("--add-modules", "jdk.incubator.vector")
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true);
    return mode == null ? options : options.param("stream", mode.toString());
  }

  private static RunResult run(ChainedOptionsBuilder options) throws RunnerException {
    Collection<RunResult> results;
    try {
      // Each JVM says that it uses the incubator module: that is no part of the table.
      Path aside = Files.createTempFile("cleave-jmh", ".log");
      try {
        results = new Runner(options.output(aside.toString()).build()).run();
      } finally {
        Files.delete(aside);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (results.size() != 1) {
      throw new IllegalStateException("one benchmark was asked for, " + results.size() + " ran");
    }
    return results.iterator().next();
  }
}

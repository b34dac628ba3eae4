package dev.cleave.bench.chaos.demo;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Holds a process still and lets it go on: {@code kill(2)}, which takes microseconds where starting
 * a command takes as long as the whole answer of a small model.
 */
final class Signals {
  private static final boolean LINUX =
      System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");

  private static final int STOP = LINUX ? 19 : 17; // signal(7), <sys/signal.h> of macOS
  private static final int CONTINUE = LINUX ? 18 : 19;

  @SuppressWarnings("restricted") // two ints in, one out, and no memory
  private static final MethodHandle KILL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

  private Signals() {}

  static void stop(long pid) {
    send(pid, STOP);
  }

  static void go(long pid) {
    send(pid, CONTINUE);
  }

  /** A process that is gone gets nothing, which is as well. */
  private static void send(long pid, int signal) {
    try {
      int _ = (int) KILL.invokeExact((int) pid, signal);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new IllegalStateException("kill(2) declares no exception", impossible);
    }
  }
}

package dev.cleave.edge.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Ctrl-C as something that happens, not as the end of the process. Java has this only in a class of
 * {@code jdk.unsupported} that compilers warn of; without it Ctrl-C ends the process as ever.
 */
final class CtrlC implements AutoCloseable {
  private final Runnable restore;

  private CtrlC(Runnable restore) {
    this.restore = restore;
  }

  /** Runs {@code action} on a thread of the JVM each time, until this is closed. */
  @SuppressWarnings("ReferenceEquality") // what a proxy has for equality
  static CtrlC runs(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      Object interrupt = signal.getConstructor(String.class).newInstance("INT");
      Object mine =
          Proxy.newProxyInstance(
              CtrlC.class.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      action.run();
                      yield null;
                    }
                    case "equals" -> proxy == arguments[0];
                    case "hashCode" -> System.identityHashCode(proxy);
                    default -> "cleave-ctrl-c";
                  });
      Object before = handle.invoke(null, interrupt, mine);
      return new CtrlC(() -> set(handle, interrupt, before));
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      return new CtrlC(() -> {});
    }
  }

  private static void set(Method handle, Object interrupt, Object handler) {
    try {
      var _ = handle.invoke(null, interrupt, handler);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("could not give Ctrl-C back", e);
    }
  }

  @Override
  public void close() {
    restore.run();
  }
}

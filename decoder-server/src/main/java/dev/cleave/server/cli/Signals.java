package dev.cleave.server.cli;

import java.lang.reflect.Proxy;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals to this process. By reflection: the JDK has no other way than {@code sun.misc.Signal},
 * which compilers warn of, and a shutdown hook never hears of a second signal.
 */
final class Signals {

  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /** From now on each of these signals runs the action, on a thread of its own. */
  static void on(List<String> names, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object running =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handler},
              (_, _, _) -> {
                action.run();
                return null;
              });
      for (String name : names) {
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), running);
      }
    } catch (ReflectiveOperationException e) {
      // The JVM keeps them to itself with -Xrs: who asked for that gets it.
      LOG.warn("signals={} outcome=not_handled cause={}", names, e.getClass().getName());
    }
  }
}

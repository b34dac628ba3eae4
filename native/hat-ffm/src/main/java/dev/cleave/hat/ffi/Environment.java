package dev.cleave.hat.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The environment as native code sees it, which that of Java is a copy of. */
public final class Environment {
  private Environment() {}

  /**
   * Sets a variable that is not set. Other native code must not read the environment meanwhile: to
   * be called before libraries are loaded that have threads of their own.
   */
  @SuppressWarnings("restricted") // as the bindings
  public static void setIfAbsent(String name, String value) {
    Linker linker = Linker.nativeLinker();
    MethodHandle setenv =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setenv"),
            FunctionDescriptor.of(
                cleave_hat_h.C_INT,
                cleave_hat_h.C_POINTER,
                cleave_hat_h.C_POINTER,
                cleave_hat_h.C_INT));
    int keep = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment nativeName = arena.allocateFrom(name);
      if ((int) setenv.invokeExact(nativeName, arena.allocateFrom(value), keep) != 0) {
        throw new IllegalStateException("cannot set " + name + " in the environment");
      }
    } catch (Throwable e) {
      throw cleave_hat_h.unexpected(e);
    }
  }
}

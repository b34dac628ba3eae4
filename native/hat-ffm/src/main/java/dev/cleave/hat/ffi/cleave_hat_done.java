package dev.cleave.hat.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/** {@code typedef void (*cleave_hat_done)(void *context, int32_t status)}. */
@FunctionalInterface
@SuppressWarnings("MemberName") // the header's name
public interface cleave_hat_done {
  /** Told on a thread of the library; must be quick and must not throw: that would end the JVM. */
  void apply(MemorySegment context, int status);

  /** A function that C can call until the arena is closed. */
  @SuppressWarnings("restricted") // as jextract's
  static MemorySegment allocate(cleave_hat_done function, Arena arena) {
    return Linker.nativeLinker().upcallStub(Holder.HANDLE.bindTo(function), Holder.DESC, arena);
  }

  /** What an interface cannot keep to itself. */
  final class Holder {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cleave_hat_h.C_POINTER, cleave_hat_h.C_INT);
    private static final MethodHandle HANDLE = find();

    private Holder() {}

    private static MethodHandle find() {
      try {
        return MethodHandles.lookup()
            .findVirtual(cleave_hat_done.class, "apply", DESC.toMethodType());
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
  }
}

package dev.cleave.edge.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cleave.hat.HatLibrary;
import dev.cleave.hat.OpenHandles;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/** The simulator's library and its settings; tests are skipped where it was not built. */
final class Simulator {
  private Simulator() {}

  static Path file() {
    String named = System.getenv("CLEAVE_HAT_SIM_LIBRARY");
    Path file =
        Path.of(named == null ? "../native/hat-ffm/target/native/libcleave_hat_sim.so" : named);
    assumeThat(Files.exists(file))
        .as("the simulator: %s is not there; the build makes it where g++ is", file)
        .isTrue();
    return file.toAbsolutePath().normalize();
  }

  /** Settings of cleave_hat_sim.h in place of those before; counts of calls begin anew. */
  @SuppressWarnings("restricted") // bound for tests alone
  static void configure(String settings) {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      // Global: while nobody has it open, its settings must stay.
      var call =
          linker.downcallHandle(
              SymbolLookup.libraryLookup(file(), Arena.global())
                  .findOrThrow("cleave_hat_sim_configure"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      MemorySegment text = arena.allocateFrom(settings);
      assertThat((int) call.invokeExact(text)).as(settings).isZero();
    } catch (Throwable e) {
      throw e instanceof Error error ? error : new AssertionError(e);
    }
  }

  static void requireNothingOpen() {
    try (HatLibrary library = HatLibrary.open(file())) {
      assertThat(library.openHandles()).isEqualTo(OpenHandles.NONE);
    }
  }
}

package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The simulator, open for a test with the settings of its choice; tests are skipped where it was
 * not built. After each test nothing of it may be open.
 */
public final class SimulatorLibrary implements BeforeEachCallback, AfterEachCallback {
  private @Nullable HatLibrary library;

  /** The file that the build made, or that the environment names. */
  public static Path file() {
    String named = System.getenv("CLEAVE_HAT_SIM_LIBRARY");
    Path file = Path.of(named == null ? "target/native/libcleave_hat_sim.so" : named);
    assumeThat(Files.exists(file))
        .as("the simulator: %s is not there; the build makes it where gcc is", file)
        .isTrue();
    return file.toAbsolutePath();
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    HatLibrary opened = HatLibrary.open(file());
    library = opened;
    configure("");
    assertThat(opened.openHandles()).as("open before the test").isEqualTo(OpenHandles.NONE);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (library != null) {
      configure("");
      assertThat(library.openHandles()).as("open after the test").isEqualTo(OpenHandles.NONE);
      library.close();
    }
  }

  HatLibrary get() {
    return Objects.requireNonNull(library, "between the tests there is none");
  }

  /** Settings of cleave_hat_sim.h, in place of those before. */
  @SuppressWarnings("restricted") // bound for tests alone
  public static void configure(String settings) {
    Path file = file();
    try (Arena arena = Arena.ofConfined()) {
      Linker linker = Linker.nativeLinker();
      var call =
          linker.downcallHandle(
              SymbolLookup.libraryLookup(file, arena).findOrThrow("cleave_hat_sim_configure"),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      MemorySegment text = arena.allocateFrom(settings);
      assertThat((int) call.invokeExact(text)).as(settings).isZero();
    } catch (Throwable e) {
      throw e instanceof Error error ? error : new AssertionError(e);
    }
  }
}

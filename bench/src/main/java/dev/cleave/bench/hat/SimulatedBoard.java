package dev.cleave.bench.hat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The simulator's library, its settings, and loops in C over its functions. */
@SuppressWarnings("restricted") // loops in C, bound for this alone
final class SimulatedBoard {
  private static final String LIBRARY = "CLEAVE_HAT_SIM_LIBRARY";
  private static final String FILE = "native/hat-ffm/target/native/libcleave_hat_sim.so";

  private SimulatedBoard() {}

  /** The file; empty where it was not built. */
  static Optional<Path> library() {
    String named = System.getenv(LIBRARY);
    Path file =
        named != null ? Path.of(named) : Path.of(System.getProperty("cleave.home", "."), FILE);
    return Optional.of(file.toAbsolutePath()).filter(Files::isRegularFile);
  }

  /** Settings of {@code cleave_hat_sim.h}, in place of those before. */
  static void configure(Path library, String settings) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle call =
          Linker.nativeLinker()
              .downcallHandle(
                  SymbolLookup.libraryLookup(library, arena)
                      .findOrThrow("cleave_hat_sim_configure"),
                  FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
      int status = (int) call.invokeExact(arena.allocateFrom(settings));
      if (status != 0) {
        throw new IllegalArgumentException("the simulator does not take " + settings);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Compiles the loops.
   *
   * @param folder where the library goes
   * @throws IOException when there is no compiler, or it fails
   */
  static Path compileLoops(Path folder) throws IOException, InterruptedException {
    Path source = folder.resolve("calls.c");
    try (var in = SimulatedBoard.class.getResourceAsStream("calls.c")) {
      if (in == null) {
        throw new IllegalStateException("calls.c is not beside this class");
      }
      Files.copy(in, source);
    }
    Path library = folder.resolve("libcleave_bench.so");
    Path said = folder.resolve("said");
    String compiler = System.getenv().getOrDefault("CC", "cc");
    Process process =
        new ProcessBuilder(
                compiler, "-O2", "-shared", "-fPIC", "-o", library.toString(), source.toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    if (process.waitFor() != 0) {
      throw new IOException(compiler + ": " + Files.readString(said, StandardCharsets.UTF_8));
    }
    return library;
  }
}

package dev.cleave.hat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loading and unloading, and what happens to handles that are closed out of order. */
class NativeLibraryTest {
  @TempDir Path folder;

  private static void assertRefused(Path file, String next) {
    assertThatThrownBy(() -> HatLibrary.open(file).close())
        .isInstanceOfSatisfying(
            HatException.class,
            e -> {
              assertThat(e.category()).isEqualTo(HatException.Category.FATAL);
              assertThat(e.status()).isZero();
            })
        .hasMessageContaining(file.toString())
        .hasMessageContaining(next);
  }

  @Test
  void refusesWhatCannotBeLoaded() throws Exception {
    assertRefused(folder.resolve("libcleave_hat.so"), "build-shim.sh");
    assertRefused(folder, "no such file");
    String incomplete = "int missing(void); int f(void) { return missing(); }";
    assertRefused(compile(incomplete, "incomplete"), "ldd");
  }

  @Test
  void refusesALibraryOfAnotherAbi() throws Exception {
    Path other = compile("unsigned cleave_hat_abi_version(void) { return 2000; }", "other");
    assertRefused(other, "lacks a function (");
    StringBuilder all = new StringBuilder();
    for (String function : functions()) {
      all.append("unsigned %s(void) { return 2000; }\n".formatted(function));
    }
    assertRefused(compile(all.toString(), "whole"), "its ABI is 2000, and 1000 is needed");
  }

  private static Stream<String> names() throws ReflectiveOperationException {
    return Stream.of(Class.forName("dev.cleave.hat.ffi.cleave_hat_h").getDeclaredClasses())
        .map(Class::getSimpleName);
  }

  private static Iterable<String> functions() throws ReflectiveOperationException {
    return names().toList();
  }

  private Path compile(String source, String name) throws IOException, InterruptedException {
    boolean compiler =
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "gcc")));
    assumeThat(compiler).as("a C compiler: there is no gcc on the path").isTrue();
    Path code = Files.writeString(folder.resolve(name + ".c"), source);
    Path library = folder.resolve("lib" + name + ".so");
    Process gcc =
        new ProcessBuilder(
                "gcc", "-shared", "-fPIC", "-Wl,-z,now", code.toString(), "-o", library.toString())
            .inheritIO()
            .start();
    assertThat(gcc.waitFor()).isZero();
    return library;
  }

  @Test
  void saysWhatItIs() {
    try (HatLibrary library = HatLibrary.open(SimulatorLibrary.file())) {
      assertThat(library.version()).isEqualTo("5.2.0-simulated");
      assertThat(library.simulated()).isTrue();
    }
  }

  /** A copy, because the file itself may be held by others. */
  @Test
  void leavesTheProcessWhenItIsClosed() throws IOException {
    Path copy = Files.copy(SimulatorLibrary.file(), folder.resolve("libcopy.so"));
    for (int i = 0; i < 3; i++) {
      try (HatLibrary library = HatLibrary.open(copy)) {
        assertThat(mapped(copy)).isTrue();
        try (HatDevice device = library.open("");
            HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
            HatSession session = model.open();
            HatFrame frame = session.frame()) {
          SimulatorTransfersTest.fill(frame, i);
          session.run(frame, SimulatorTransfersTest.LONG);
          SimulatorTransfersTest.check(frame, i);
        }
      }
      assertThat(mapped(copy)).as("round %d", i).isFalse();
    }
  }

  private static boolean mapped(Path file) throws IOException {
    Path maps = Path.of("/proc/self/maps");
    assumeThat(Files.exists(maps)).as("%s, which Linux has", maps).isTrue();
    try (Stream<String> lines = Files.lines(maps)) {
      return lines.anyMatch(line -> line.contains(file.toString()));
    }
  }

  @Test
  void nothingIsClosedBelowWhatIsOpen() {
    HatLibrary library = HatLibrary.open(SimulatorLibrary.file());
    SimulatorLibrary.configure("");
    HatDevice device = library.open("");
    HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
    HatSession session = model.open();
    for (AutoCloseable early : new AutoCloseable[] {library, device, model}) {
      assertThatThrownBy(early::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close");
    }
    HatFrame frame = session.frame();
    session.run(frame, SimulatorTransfersTest.LONG);
    for (int twice = 0; twice < 2; twice++) {
      session.close();
      model.close();
      device.close();
      assertThat(twice == 1 || library.openHandles().equals(OpenHandles.NONE)).isTrue();
      library.close();
    }
    frame.close();
    assertThatThrownBy(() -> frame.buffer("x")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(session::frame).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(model::edges).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(device::info).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(library::scan).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> library.open("")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void framesAreOfOneSession() {
    try (HatLibrary library = HatLibrary.open(SimulatorLibrary.file());
        HatDevice device = library.open("");
        HatModel model = device.load(MemorySegment.ofArray(SimulatedModel.relu(7, 12)));
        HatSession one = model.open();
        HatSession other = model.open()) {
      HatFrame frame = one.frame();
      assertThatThrownBy(() -> other.run(frame, SimulatorTransfersTest.LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("another session");
      assertThatThrownBy(() -> frame.buffer("z"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[x, y]");
      long x = frame.buffer("x").address();
      long y = frame.buffer("y").address();
      assertThat(x % FrameBuffers.PAGE_BYTES).isZero();
      assertThat(y % FrameBuffers.PAGE_BYTES).isZero();
      frame.close();
      frame.close();
      assertThatThrownBy(() -> frame.buffer("x"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      try (HatFrame again = one.frame();
          HatFrame more = one.frame()) {
        assertThat(again.buffer("x").address()).as("given back once").isEqualTo(x);
        assertThat(more.buffer("x").address()).isNotEqualTo(x);
      }
    }
  }
}

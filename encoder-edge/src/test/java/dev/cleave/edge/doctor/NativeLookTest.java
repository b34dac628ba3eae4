package dev.cleave.edge.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Libraries that do their worst as soon as they are loaded. */
@Timeout(120)
@EnabledOnOs(OS.LINUX)
class NativeLookTest {
  @TempDir Path folder;

  @Test
  void outlivesALibraryThatCrashes() throws Exception {
    Path library = compile("#include <stdlib.h>\n", "abort();");
    assertThat(NativeLook.device(library, Duration.ofSeconds(60)))
        .isEqualTo(new NativeLook.Outcome.Failed<>("crashed (exit code 134)"));
  }

  @Test
  void outlivesALibraryThatHangs() throws Exception {
    Path library = compile("#include <unistd.h>\n", "for (;;) pause();");
    assertThat(NativeLook.device(library, Duration.ofSeconds(2)))
        .isEqualTo(new NativeLook.Outcome.Failed<>("did not answer within 2 s"));
  }

  private Path compile(String include, String body) throws IOException, InterruptedException {
    Path source = folder.resolve("worst.c");
    Path library = folder.resolve("libworst.so");
    Files.writeString(
        source, include + "__attribute__((constructor)) static void worst(void) { " + body + " }");
    try {
      Process process =
          new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
              .inheritIO()
              .start();
      assertThat(process.waitFor()).as("compiling " + source).isZero();
    } catch (IOException e) {
      assumeThat(false).as("there is no C compiler here: %s", e.getMessage()).isTrue();
    }
    return library;
  }
}

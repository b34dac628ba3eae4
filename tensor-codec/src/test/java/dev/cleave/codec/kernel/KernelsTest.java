package dev.cleave.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelsTest {
  private static final String CHOICE = "kernels=";

  @Test
  void withoutTheModuleScalarCodeRunsAndOneLineSaysSo() throws IOException, InterruptedException {
    List<String> printed = run();
    assertThat(printed).contains("vectorised false", "largest 3.0");
    assertThat(printed.stream().filter(line -> line.contains(CHOICE)))
        .singleElement()
        .asString()
        .contains("kernels=scalar")
        .contains("--add-modules jdk.incubator.vector");
  }

  @Test
  void withTheModuleNothingIsSaid() throws IOException, InterruptedException {
    List<String> printed = run("--add-modules", "jdk.incubator.vector");
    assertThat(printed).contains("vectorised true", "largest 3.0");
    assertThat(printed).noneMatch(line -> line.contains(CHOICE));
  }

  private static List<String> run(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream out = process.getInputStream()) {
      List<String> lines = new String(out.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      assertThat(process.waitFor()).as("%s", lines).isZero();
      return lines;
    }
  }

  /** What runs in the other JVM. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] arguments) {
      System.out.println("vectorised " + Kernels.vectorised());
      System.out.println("largest " + Kernels.maxMagnitude(new float[] {1, -3, 2}, 0, 3));
    }
  }

  @Test
  void refusesSizesThatDoNotFit() {
    float[] three = new float[3];
    Affine map = Affine.ofFactors(new float[4]);
    assertThatThrownBy(() -> Kernels.center(three, 0, map, 1, new float[4]))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Kernels.restore(new float[4], map, 1, new float[8], 5))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Kernels.maxMagnitude(three, 1, 3))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Kernels.sumOfSquares(three, -1, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Kernels.quantise(three, 3, 1, 127, new byte[2]))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Kernels.quantise(three, 3, 1, 128, new byte[3]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Kernels.rotate(three, 0, 3))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Kernels.rotate(three, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Kernels.multiply(three, 1, new float[8], 3, new float[3]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Kernels.multiply(three, 2, new float[9], 3, new float[6]))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Affine.of(three, new float[2]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

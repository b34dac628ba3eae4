package dev.cleave.edge.doctor;

import static dev.cleave.edge.doctor.BoardProbeTest.finding;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@DisabledOnOs(OS.WINDOWS)
class DoctorTest {
  @TempDir Path root;

  private final List<String> progress = new ArrayList<>();

  @Test
  void looksAtAllThereIsOnABarePi() throws Exception {
    Doctor doctor = new Doctor(FakePi.bare(root).machine(), progress::add);
    List<Finding> findings = doctor.examine(Optional.empty());
    assertThat(findings).extracting(Finding::level).doesNotContain(Level.PROBLEM);
    // loaded by this test's own java, in a process of its own
    assertThat(finding(findings, "onnxruntime").text()).isEqualTo("1.28.0 loads");
    assertThat(finding(findings, "tokenizer").level()).isEqualTo(Level.OK);
    assertThat(finding(findings, "board").level()).isEqualTo(Level.NOT_THERE);
    assertThat(finding(findings, "bundle").level()).isEqualTo(Level.NOT_THERE);
    assertThat(findings).extracting(Finding::key).doesNotHaveDuplicates();
    assertThat(progress).isNotEmpty();
  }

  @Test
  void makesALineOfAShimThatDoesNotLoad() throws Exception {
    // the tree of a healthy board has a shim that is no library
    Doctor doctor = new Doctor(FakePi.healthy(root).machine(), progress::add);
    Finding device = finding(doctor.examine(Optional.empty()), "device");
    assertThat(device.level()).isEqualTo(Level.PROBLEM);
    assertThat(device.text()).contains("libcleave_hat.so", "failed (exit code 1)");
    assertThat(device.fix()).contains("build-shim.sh");
    assertThat(progress).contains("asking the board (up to a minute)");
  }

  @Test
  void asksTheSimulatorAndNeverTakesItForABoard() throws Exception {
    Path simulator =
        Path.of("..", "native/hat-ffm/target/native/libcleave_hat_sim.so").toAbsolutePath();
    assumeThat(simulator).as("the simulator, which the build makes where g++ is").exists();
    FakePi pi =
        FakePi.healthy(root)
            .set("CLEAVE_HAT_LIBRARY", simulator.toString())
            .set("CLEAVE_HAT_SIM_LIBRARY", simulator.toString());
    List<Finding> findings = new Doctor(pi.machine(), progress::add).examine(Optional.empty());
    assertThat(finding(findings, "simulator").level()).isEqualTo(Level.OK);
    assertThat(finding(findings, "simulator").text()).contains("-simulated");
    assertThat(finding(findings, "device").level()).isEqualTo(Level.WARNING);
    assertThat(finding(findings, "device").text()).contains("is the simulator");
    assertThat(findings).extracting(Finding::key).doesNotContain("board-temperature");
  }

  @Test
  void makesALineOfALookThatFails() throws InterruptedException {
    Probe broken =
        Probe.quick(
            "board",
            () -> {
              throw new UncheckedIOException("/sys/x cannot be read", new IOException("denied"));
            });
    Probe fine = Probe.quick("cpu", () -> List.of(Finding.ok("cpu", "fast")));
    List<Finding> findings = new Doctor(Machine.here(), progress::add).run(List.of(broken, fine));
    assertThat(findings).hasSize(2);
    assertThat(findings.getFirst().level()).isEqualTo(Level.PROBLEM);
    assertThat(findings.getFirst().text()).contains("/sys/x cannot be read", "denied");
    assertThat(findings.getLast().level()).isEqualTo(Level.OK);
  }

  @Test
  void makesALineOfALookThatHangs() throws InterruptedException {
    CountDownLatch never = new CountDownLatch(1);
    Probe hanging =
        new Probe(
            "device",
            "asking",
            Duration.ofMillis(20),
            () -> {
              never.await();
              return List.of();
            });
    List<Finding> findings = new Doctor(Machine.here(), progress::add).run(List.of(hanging));
    assertThat(findings).containsExactly(Doctor.overdue("device", Duration.ofMillis(20)));
    assertThat(progress).containsExactly("asking");
  }

  @Test
  void readsWhatCannotBeReadAsAFailureAndNotAsAbsence() throws IOException {
    FakePi pi = FakePi.bare(root);
    Files.createDirectories(pi.path("/sys/module/hailo1x_pci/version"));
    assertThatThrownBy(() -> pi.machine().text("/sys/module/hailo1x_pci/version"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("/sys/module/hailo1x_pci/version");
  }

  @Test
  void looksForLibtorchBesideTheServerHalf() throws IOException {
    FakePi pi = FakePi.bare(root);
    assertThat(EngineProbe.libtorch(pi.machine()).getFirst().level()).isEqualTo(Level.NOT_THERE);
    pi.set("cleave.home", root.resolve("home").toString());
    assertThat(EngineProbe.libtorch(pi.machine()).getFirst().fix()).isEqualTo("./cleave build");
    String jars = "/home/decoder-server/target/dist/lib/";
    pi.write(jars + "other.jar", "");
    assertThat(EngineProbe.libtorch(pi.machine()).getFirst().level()).isEqualTo(Level.WARNING);
    pi.write(jars + "pytorch-native-cpu-2.7.1-linux-x86_64.jar", "");
    assertThat(EngineProbe.libtorch(pi.machine()).getFirst().text()).contains("not for");
    pi.set("os.arch", "amd64");
    assertThat(EngineProbe.libtorch(pi.machine()).getFirst().text())
        .startsWith("2.7.1 (linux-x86_64)");
  }
}

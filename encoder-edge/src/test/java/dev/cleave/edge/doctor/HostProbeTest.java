package dev.cleave.edge.doctor;

import static dev.cleave.edge.doctor.BoardProbeTest.finding;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class HostProbeTest {
  @TempDir Path root;

  @Test
  void describesAPi() throws IOException {
    FakePi pi = FakePi.bare(root);
    Finding system = finding(HostProbe.look(pi.machine()), "system");
    assertThat(system.level()).isEqualTo(Level.OK);
    assertThat(system.text())
        .contains("trixie", FakePi.KERNEL, "aarch64", "Raspberry Pi 5 Model B Rev 1.0");
    assertThat(finding(HostProbe.look(pi.machine()), "memory").text())
        .isEqualTo("7.9 GiB, 5.7 GiB of it available");
    assertThat(finding(HostProbe.look(pi.machine()), "processor-heat").text())
        .isEqualTo("51.2 C, not slowed down");
    assertThat(CpuProbe.look(pi.machine()).getFirst().text())
        .isEqualTo("4 cores: asimd asimdhp asimddp");
  }

  @Test
  void describesTheJavaThatItRunsOn() throws IOException {
    Finding java = finding(HostProbe.look(FakePi.bare(root).machine()), "java");
    assertThat(java.level()).isEqualTo(Level.OK);
    assertThat(java.text()).startsWith(Runtime.version().toString());
  }

  @Test
  void refusesThirtyTwoBits() throws IOException {
    FakePi pi = FakePi.bare(root).set("os.arch", "arm");
    assertThat(finding(HostProbe.look(pi.machine()), "system").level()).isEqualTo(Level.PROBLEM);
  }

  @Test
  void saysWhenItHasNotTriedASystem() throws IOException {
    FakePi mac = FakePi.bare(root).set("os.name", "Mac OS X").set("os.arch", "x86_64");
    assertThat(finding(HostProbe.look(mac.machine()), "system").level()).isEqualTo(Level.WARNING);
  }

  @Test
  void findsAProcessorThatIsSlowedDown() throws IOException {
    FakePi pi = FakePi.bare(root).write("/sys/class/thermal/cooling_device0/cur_state", "3\n");
    assertThat(heat(pi).level()).isEqualTo(Level.WARNING);
    assertThat(heat(pi).text()).contains("cpufreq-cpu0 at 3");
    pi.write("/sys/class/thermal/cooling_device0/cur_state", "0\n");
    pi.write("/sys/class/thermal/thermal_zone0/temp", "81500\n");
    assertThat(heat(pi).text()).contains("81.5 C");
    assertThat(heat(pi).level()).isEqualTo(Level.WARNING);
  }

  @Test
  void findsASupplyThatIsTooWeak() throws IOException {
    FakePi pi = FakePi.bare(root).write("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n");
    assertThat(heat(pi).level()).isEqualTo(Level.WARNING);
    assertThat(heat(pi).fix()).contains("27 W");
  }

  @Test
  void saysNothingGoodOfWhatItDidNotSee() {
    Machine empty = FakePi.empty(root).machine();
    assertThat(finding(HostProbe.look(empty), "memory").level()).isEqualTo(Level.NOT_THERE);
    assertThat(finding(HostProbe.look(empty), "processor-heat").level()).isEqualTo(Level.NOT_THERE);
    assertThat(CpuProbe.look(empty).getFirst().level()).isEqualTo(Level.NOT_THERE);
  }

  @Test
  void warnsOfLittleMemory() throws IOException {
    FakePi pi = FakePi.bare(root).write("/proc/meminfo", "MemTotal: 1 kB\nMemAvailable: 1 kB\n");
    assertThat(finding(HostProbe.look(pi.machine()), "memory").level()).isEqualTo(Level.WARNING);
  }

  @Test
  void warnsOfAProcessorWithoutVectors() throws IOException {
    FakePi pi = FakePi.bare(root).write("/proc/cpuinfo", "processor : 0\nflags : fpu sse2 fpu\n");
    Finding cpu = CpuProbe.look(pi.machine()).getFirst();
    assertThat(cpu.level()).isEqualTo(Level.WARNING);
  }

  private static Finding heat(FakePi pi) {
    return finding(HostProbe.look(pi.machine()), "processor-heat");
  }
}

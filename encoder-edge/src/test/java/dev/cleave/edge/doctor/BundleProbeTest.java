package dev.cleave.edge.doctor;

import static dev.cleave.edge.doctor.BoardProbeTest.finding;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.text.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleProbeTest {
  @TempDir Path folder;

  @Test
  void looksAtEveryByteOfBothHalves() throws IOException {
    Path bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
    List<Finding> whole = BundleProbe.look(bundle);
    assertThat(finding(whole, "bundle").level()).isEqualTo(Level.OK);
    assertThat(finding(whole, "device-half").text()).endsWith("all hashes right");
    assertThat(finding(whole, "server-half").level()).isEqualTo(Level.OK);
    assertThat(finding(whole, "compiled-models").level()).isEqualTo(Level.NOT_THERE);

    Path tokenizer = bundle.resolve("device/tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer) + " ");
    Finding damaged = finding(BundleProbe.look(bundle), "device-half");
    assertThat(damaged.level()).isEqualTo(Level.PROBLEM);
    assertThat(damaged.text()).contains("tokenizer.json");
  }

  @Test
  void takesADeviceHalfAloneForWhole() throws IOException {
    Path bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
    Files.move(bundle.resolve("server"), folder.resolve("elsewhere"));
    assertThat(finding(BundleProbe.look(bundle), "server-half").level()).isEqualTo(Level.NOT_THERE);
    Files.move(bundle.resolve("device"), folder.resolve("elsewhere-as-well"));
    assertThat(finding(BundleProbe.look(bundle), "device-half").level()).isEqualTo(Level.WARNING);
  }

  @Test
  void findsNoBundle() {
    Finding bundle = BundleProbe.look(folder.resolve("none")).getFirst();
    assertThat(bundle.level()).isEqualTo(Level.PROBLEM);
    assertThat(bundle.fix()).startsWith("./cleave split");
  }
}

package dev.cleave.edge.doctor;

import static dev.cleave.edge.doctor.BoardProbeTest.finding;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoBuckets;
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
  void countsWhatIsCompiled() throws IOException {
    Path bundle = folder.resolve("with-lengths");
    SplitCompiler.split(
        Fixtures.file("t5-v1.0-tied-relu", ""),
        bundle,
        SplitOptions.defaults().withHailo(new HailoBuckets(List.of(8, 16))),
        ProgressListener.NONE);
    Finding none = finding(BundleProbe.look(bundle), "compiled-models");
    assertThat(none.level()).isEqualTo(Level.NOT_THERE);
    assertThat(none.text()).startsWith("graphs for 8, 16 positions").contains("board: none");
    assertThat(none.fix()).contains("hailo/README.md");

    Path model = folder.resolve("encoder-16.hef");
    Files.write(model, new byte[] {1, 'H', 'E', 'F', 7});
    String graph = CompiledModels.graphSha256(Bundle.readManifest(bundle), 16).orElseThrow();
    Files.writeString(folder.resolve("encoder-16.hef.from"), graph + "  encoder-16.onnx\n");
    CompiledModels.takeIn(bundle, List.of(model));
    Finding one = finding(BundleProbe.look(bundle), "compiled-models");
    assertThat(one.level()).isEqualTo(Level.OK);
    assertThat(one.text()).contains("board: 16; for the simulator: none");
  }

  @Test
  void findsNoBundle() {
    Finding bundle = BundleProbe.look(folder.resolve("none")).getFirst();
    assertThat(bundle.level()).isEqualTo(Level.PROBLEM);
    assertThat(bundle.fix()).startsWith("./cleave split");
  }
}

package dev.cleave.lab.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.profile.Profile;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.lab.Bundles;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTest {
  private static final long FEW_TOKENS = 6_000;

  @TempDir Path folder;

  @Test
  void calibratesTheReferenceModel() throws IOException {
    Path root = Bundles.reference(folder);
    BundleManifest before = Bundle.readManifest(root);
    TreeSet<String> stages = new TreeSet<>();
    CalibrationReport report =
        Calibration.run(
            root,
            CalibrationOptions.defaults().withMaxTokens(FEW_TOKENS),
            (stage, done, total) -> {
              synchronized (stages) {
                stages.add(stage);
              }
            });
    assertThat(stages).contains("encoding texts", "searching the fewest bytes");

    Bundle device = Bundle.open(root, Half.DEVICE);
    Bundle server = Bundle.open(root, Half.SERVER);
    assertThat(device.id()).isEqualTo(server.id()).isNotEqualTo(before.id());
    assertThat(device.manifest()).isEqualTo(report.manifest());
    CodecSection codec = report.codec();
    Profile profile = Profile.read(device.file(codec.profileFile()));
    assertThat(profile.hash()).hasToString(codec.profileHash());
    assertThat(profile.width()).isEqualTo(before.width());
    assertThat(Files.mismatch(device.file(codec.profileFile()), server.file(codec.profileFile())))
        .isEqualTo(-1);

    assertThat(codec.presets())
        .extracting(CodecSection.Preset::name)
        .containsExactlyElementsOf(CodecSection.PRESETS);
    double[] limits = {0.0005, 0.01, 0.06};
    for (int i = 0; i < limits.length; i++) {
      assertThat(codec.presets().get(i).effect().kl()).isLessThanOrEqualTo(limits[i]);
    }
    // fewer bytes for a weaker promise; and the default a good deal below int8
    assertThat(codec.presets().stream().map(CodecSection.Preset::bytesPerPosition).toList())
        .isSortedAccordingTo((a, b) -> b - a);
    CodecSection.Preset balanced = codec.preset("balanced").orElseThrow();
    assertThat(balanced.bytesPerPosition()).isLessThan(before.width() / 2);
    CodecSection.FieldAccuracy fields = balanced.effect().fields();
    assertThat(fields).isNotNull();
    assertThat(fields == null ? 0 : fields.accuracy() - fields.raw()).isGreaterThan(-0.0021);
    assertThat(codec.calibration().tokens() + codec.calibration().heldOutTokens())
        .isBetween(FEW_TOKENS * 9 / 10, FEW_TOKENS);
    assertThat(report.tried().stream().filter(CalibrationReport.Tried::chosen)).hasSize(1);
    assertThat(report.scope().notes()).anyMatch(note -> note.contains("are better for"));
  }

  @Test
  void refusesABundleWithoutTextAndLeavesItAsItWas() {
    Path root = Bundles.fixture("marian", folder);
    Map<String, Integer> before = Bundles.contents(root);
    assertThatThrownBy(() -> run(root, CalibrationOptions.defaults()))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("--text FILE");
    assertThat(Bundles.contents(root)).isEqualTo(before);
  }

  @Test
  void refusesTooLittleText() throws IOException {
    Path root = Bundles.fixture("marian", folder);
    Map<String, Integer> before = Bundles.contents(root);
    Path empty = Files.writeString(folder.resolve("empty.txt"), "\n");
    assertThatThrownBy(() -> run(root, CalibrationOptions.defaults().withText(empty)))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("holds no text");
    Path few = Files.writeString(folder.resolve("few.txt"), "one\ntwo\nthree\nfour\n");
    assertThatThrownBy(() -> run(root, CalibrationOptions.defaults().withText(few)))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("at least 5");
    assertThat(Bundles.contents(root)).isEqualTo(before);
  }

  @Test
  void refusesABundleOfOneHalf() throws IOException {
    Path root = Bundles.fixture("bart", folder);
    for (String file : new String[] {"decoder.json", "decoder.safetensors", ""}) {
      Files.delete(root.resolve("server").resolve(file));
    }
    Map<String, Integer> before = Bundles.contents(root);
    assertThatThrownBy(() -> run(root, CalibrationOptions.defaults()))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("server");
    assertThat(Bundles.contents(root)).isEqualTo(before);
  }

  private static CalibrationReport run(Path root, CalibrationOptions options) {
    return Calibration.run(root, options, LabProgress.NONE);
  }
}

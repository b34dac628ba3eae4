package dev.cleave.lab.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.profile.Profile;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.lab.Bundles;
import dev.cleave.lab.half.LabProgress;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CausalCalibrationTest {
  private static final long FEW_TOKENS = 2_000;

  @TempDir Path folder;

  @Test
  void calibratesOnTextThatTheModelWrites() throws IOException {
    Path root = Bundles.causal(folder);
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
    assertThat(stages).contains("writing text", "taking gradients", "searching the fewest bytes");

    Bundle device = Bundle.open(root, Half.DEVICE);
    Bundle server = Bundle.open(root, Half.SERVER);
    assertThat(device.id()).isEqualTo(server.id()).isNotEqualTo(before.id());
    CodecSection codec = report.codec();
    Profile profile = Profile.read(device.file(codec.profileFile()));
    assertThat(profile.hash()).hasToString(codec.profileHash());
    assertThat(profile.width()).isEqualTo(before.width());
    assertThat(Files.mismatch(device.file(codec.profileFile()), server.file(codec.profileFile())))
        .isEqualTo(-1);
    assertThat(DeviceCodec.of(device).resolve(CodecChoice.parse("balanced"))).isNotNull();

    assertThat(codec.presets())
        .extracting(CodecSection.Preset::name)
        .containsExactlyElementsOf(CodecSection.PRESETS);
    assertThat(codec.presets().stream().map(CodecSection.Preset::bytesPerPosition).toList())
        .isSortedAccordingTo((a, b) -> b - a);
    double[] limits = {0.0005, 0.01, 0.06};
    for (int i = 0; i < limits.length; i++) {
      CodecSection.Effect effect = codec.presets().get(i).effect();
      assertThat(effect.kl()).isLessThanOrEqualTo(limits[i]);
      assertThat(effect.fields()).isNull();
    }
    assertThat(codec.calibration().tokens() + codec.calibration().heldOutTokens())
        .isBetween(FEW_TOKENS * 9 / 10, FEW_TOKENS);
    assertThat(report.scope().fields()).isZero();
    assertThat(report.tried().stream().map(CalibrationReport.Tried::basis))
        .contains("diagonal", "klt", "fisher-klt");
    assertThat(report.scope().notes()).anyMatch(note -> note.contains("wrote the text itself"));
  }

  @Test
  void givesTheSameBytesForTheSameSeed() {
    Path one = Bundles.causal(folder.resolve("one"));
    Path other = Bundles.causal(folder.resolve("other"));
    CalibrationOptions options = CalibrationOptions.defaults().withMaxTokens(1_000).withSeed(3);
    CalibrationReport first = run(one, options);
    assertThat(run(other, options).manifest()).isEqualTo(first.manifest());
    assertThat(Bundles.contents(other)).isEqualTo(Bundles.contents(one));
    CalibrationReport again = run(other, options.withSeed(4));
    assertThat(again.codec().calibration().textSha256())
        .isNotEqualTo(first.codec().calibration().textSha256());
    assertThat(again.codec().profileHash()).isNotEqualTo(first.codec().profileHash());
  }

  @Test
  void readsGivenTextInPartsOfASession() throws IOException {
    Path root = Bundles.causal(folder);
    String words = "the rain goes on and on over hills, 12 roofs and nobody's garden ".repeat(40);
    Path text = folder.resolve("text.txt");
    Files.write(text, List.of(words, words.toUpperCase(java.util.Locale.ROOT), words, "short"));
    CalibrationReport report = run(root, CalibrationOptions.defaults().withText(text));
    // four lines, most of them longer than what is read at once
    assertThat(report.scope().texts() + report.scope().heldOutTexts()).isGreaterThan(8);
    assertThat(report.scope().notes()).noneMatch(note -> note.contains("wrote"));
    assertThat(report.codec().presets()).isNotEmpty();
  }

  @Test
  void refusesToWriteTooLittle() {
    Path root = Bundles.causal(folder);
    Map<String, Integer> before = Bundles.contents(root);
    assertThatThrownBy(() -> run(root, CalibrationOptions.defaults().withMaxTokens(100)))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("at least 5")
        .hasMessageContaining("--tokens");
    assertThat(Bundles.contents(root)).isEqualTo(before);
  }

  private static CalibrationReport run(Path root, CalibrationOptions options) {
    return Calibration.run(root, options, LabProgress.NONE);
  }
}

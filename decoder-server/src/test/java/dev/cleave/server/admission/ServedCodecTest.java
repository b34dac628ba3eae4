package dev.cleave.server.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.server.ServerException;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServedCodecTest {
  private static final Profile PROFILE = Profile.of(new float[3], new float[] {1, 2, 3});

  @TempDir private Path folder = Path.of("");
  private Path root = Path.of("");

  @BeforeEach
  void makeBundle() throws IOException {
    root = folder.resolve("bundle");
    try (BundleWriter writer = BundleWriter.open(root, false)) {
      Files.writeString(writer.file(Half.DEVICE, "encoder.onnx"), "weights");
      Files.writeString(writer.file(Half.SERVER, "decoder.json"), "{}");
      writer.finish(
          new BundleManifest.Model(
              "tiny", "t5", new BundleManifest.Parameters(7, 9), "test", List.of()),
          new BundleManifest.Boundary(new SplitPoint.EncoderDecoder(), 3),
          new BundleManifest.Limits(512, 128));
    }
  }

  private void calibrate(byte[] profile, String hash) {
    CodecWriter.write(
        root,
        profile,
        CodecSection.of(
            profile,
            hash,
            List.of(
                new CodecSection.Preset(
                    "small", "rate", 2, 5.333, new CodecSection.Effect(0.05, 0.9, null))),
            new CodecSection.Calibration(100, 10, "diagonal", 0, "ab".repeat(32))));
  }

  private ServedCodec served() {
    return ServedCodec.of(Bundle.open(root, Half.SERVER));
  }

  @Test
  void aBundleThatIsNotCalibratedServesNoProfile() {
    assertThat(served()).isEqualTo(ServedCodec.NONE);
    assertThat(served().hash()).isEqualTo(ProfileHash.NONE);
    served().requireWidth(4096);
  }

  @Test
  void aCalibratedOneServesItsOwn() {
    calibrate(PROFILE.toBytes(), PROFILE.hash().toString());
    ServedCodec served = served();
    assertThat(served.hash()).isEqualTo(PROFILE.hash());
    assertThat(served.presets()).hasSize(1);
    served.requireWidth(3);
    assertThatThrownBy(() -> served.requireWidth(4))
        .isInstanceOf(ServerException.class)
        .hasMessageContaining("width 3")
        .hasMessageContaining("4 wide");
  }

  @Test
  void refusesAProfileThatIsNotTheManifests() {
    calibrate(PROFILE.toBytes(), "ab".repeat(16));
    assertThatThrownBy(this::served)
        .isInstanceOf(ServerException.class)
        .hasMessageContaining("abab")
        .hasMessageContaining(PROFILE.hash().toString());
    calibrate(new byte[] {1, 2, 3}, PROFILE.hash().toString());
    assertThatThrownBy(this::served)
        .isInstanceOf(ServerException.class)
        .hasMessageContaining("calibrate the bundle again");
  }
}

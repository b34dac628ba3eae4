package dev.cleave.edge.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import dev.cleave.split.bundle.Half;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceCodecTest {
  private static final int WIDTH = 64;
  private static final DeviceCodec PLAIN = DeviceCodec.uncalibrated(WIDTH);

  @TempDir static Path folder;
  private static Path bundle = Path.of("");
  private static DeviceCodec calibrated = PLAIN;
  private static Profile profile = Profile.of(new float[] {0}, new float[] {1});

  @BeforeAll
  static void calibrate() {
    bundle = Fixtures.split("marian", folder);
    profile = Fixtures.calibrate(bundle, "rate");
    calibrated = DeviceCodec.of(Bundle.open(bundle, Half.DEVICE));
  }

  @Test
  void aBundleThatIsNotCalibratedUsesInt8AndSaysWhy() {
    StreamCodec codec = PLAIN.resolve(CodecChoice.byDefault());
    assertThat(codec.name()).isEqualTo("int8");
    assertThat(codec.reason()).isEqualTo("the bundle is not calibrated");
    assertThat(codec.spec()).isEqualTo(new StreamSpec(CodecMode.INT8, WIDTH));
    assertThatThrownBy(() -> PLAIN.resolve(CodecChoice.parse("small")))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
        .hasMessageContaining("'small'")
        .hasMessageContaining("cleave calibrate --bundle B");
  }

  @Test
  void aCalibratedBundleUsesItsBalancedPreset() {
    StreamCodec codec = calibrated.resolve(CodecChoice.byDefault());
    assertThat(codec.name()).isEqualTo("balanced");
    assertThat(codec.reason()).contains("default", "20 bytes per position");
    assertThat(codec.spec())
        .isEqualTo(
            new StreamSpec(
                CodecMode.RATE, WIDTH, new RateTarget.BytesPerPosition(20), profile.hash()));
    assertThat(calibrated.resolve(CodecChoice.parse("balanced")).spec()).isEqualTo(codec.spec());
    assertThatThrownBy(() -> calibrated.resolve(CodecChoice.parse("small")))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("chose none");
  }

  @Test
  void onlyWhatLosesSomethingUsesTheProfile() {
    for (CodecMode mode : CodecNames.withoutTarget()) {
      boolean lossy = mode.name().startsWith("INT");
      ProfileHash expected = lossy ? profile.hash() : ProfileHash.NONE;
      StreamCodec codec = calibrated.resolve(CodecChoice.of(mode));
      assertThat(codec.spec().profile()).as("%s", mode).isEqualTo(expected);
      assertThat(codec.spec().mode()).isEqualTo(mode);
    }
  }

  @Test
  void aRateIsConstantBytesPerPosition() {
    assertThat(target(calibrated, "rate:2.5")).isEqualTo(new RateTarget.BytesPerPosition(20));
    assertThat(target(PLAIN, "rate:3")).isEqualTo(new RateTarget.BytesPerPosition(24));
    assertThat(target(PLAIN, "rate:32")).isEqualTo(new RateTarget.BytesPerPosition(256));
    assertThat(target(DeviceCodec.uncalibrated(1), "rate:0.25"))
        .isEqualTo(new RateTarget.BytesPerPosition(1));
    assertThat(calibrated.resolve(CodecChoice.parse("rate:2.5")).spec().mode())
        .isEqualTo(CodecMode.RATE);
    assertThat(PLAIN.resolve(CodecChoice.parse("rate:2")).reason()).contains("without a profile");
  }

  private static @Nullable RateTarget target(DeviceCodec codec, String choice) {
    return codec.resolve(CodecChoice.parse(choice)).spec().target();
  }

  @Test
  void refusesAProfileThatIsNotTheManifests(@TempDir Path other) {
    Path damaged = Fixtures.split("marian", other);
    byte[] bytes = profile.toBytes();
    CodecSection good = Bundle.readManifest(bundle).codec().orElseThrow();
    CodecWriter.write(
        damaged,
        bytes,
        CodecSection.of(bytes, "ab".repeat(16), good.presets(), good.calibration()));
    assertRefused(damaged, "has width 64 and hash " + profile.hash());
    byte[] nonsense = {1, 2, 3};
    CodecWriter.write(
        damaged,
        nonsense,
        CodecSection.of(nonsense, good.profileHash(), good.presets(), good.calibration()));
    assertRefused(damaged, "cannot be read");
    byte[] narrow = Profile.of(new float[] {0}, new float[] {1}).toBytes();
    CodecWriter.write(
        damaged,
        narrow,
        CodecSection.of(
            narrow, good.profileHash(), List.copyOf(good.presets()), good.calibration()));
    assertRefused(damaged, "has width 1");
  }

  private static void assertRefused(Path damaged, String how) {
    assertThatThrownBy(() -> DeviceCodec.of(Bundle.open(damaged, Half.DEVICE)))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.BUNDLE))
        .hasMessageContaining("codec-")
        .hasMessageContaining(how)
        .hasMessageContaining("cleave calibrate");
  }
}

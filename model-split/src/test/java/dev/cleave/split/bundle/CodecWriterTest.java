package dev.cleave.split.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.bundle.CodecSection.Calibration;
import dev.cleave.split.bundle.CodecSection.Effect;
import dev.cleave.split.bundle.CodecSection.FieldAccuracy;
import dev.cleave.split.bundle.CodecSection.Preset;
import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodecWriterTest {
  private static final byte[] PROFILE = "a profile".getBytes(StandardCharsets.UTF_8);
  private static final byte[] OTHER = "another one".getBytes(StandardCharsets.UTF_8);
  private static final Calibration CALIBRATION =
      new Calibration(50_000, 5_000, "fisher-klt", 0.52, "c0".repeat(32));

  @TempDir Path folder;
  private Path root;

  @BeforeEach
  void makeBundle() throws IOException {
    root = folder.resolve("bundle");
    write("weights", false);
  }

  private void write(String weights, boolean replace) throws IOException {
    try (BundleWriter writer = BundleWriter.open(root, replace)) {
      Files.writeString(writer.file(Half.DEVICE, "encoder.onnx"), weights);
      Files.writeString(writer.file(Half.SERVER, "decoder.json"), "{}");
      writer.finish(
          new BundleManifest.Model(
              "tiny", "t5", new BundleManifest.Parameters(7, 9), "test", List.of()),
          new BundleManifest.Boundary(new SplitPoint.EncoderDecoder(), 64),
          new BundleManifest.Limits(512, 128));
    }
  }

  private static CodecSection section(byte[] profile) {
    return CodecSection.of(
        profile,
        "0123456789abcdef".repeat(2),
        List.of(
            new Preset("transparent", "rate", 40, 5, new Effect(0.0004, 0.999, null)),
            new Preset(
                "balanced",
                "rate_trellis",
                20,
                2.5,
                new Effect(0.009, 0.98, new FieldAccuracy(0.93, 0.931)))),
        CALIBRATION);
  }

  @Test
  void bothHalvesHoldTheProfileUnderANewId() throws IOException {
    BundleManifest before = Bundle.readManifest(root);
    assertThat(before.codec()).isEmpty();
    BundleManifest written = CodecWriter.write(root, PROFILE, section(PROFILE));
    assertThat(written.id()).isNotEqualTo(before.id());
    for (Half half : Half.values()) {
      Bundle bundle = Bundle.open(root, half);
      assertThat(bundle.manifest()).isEqualTo(written);
      CodecSection codec = bundle.manifest().codec().orElseThrow();
      assertThat(codec).isEqualTo(section(PROFILE));
      assertThat(bundle.file(codec.profileFile())).hasBinaryContent(PROFILE);
    }
    assertThat(written.model()).isEqualTo(before.model());
    assertThat(written.limits()).isEqualTo(before.limits());
    assertThat(CodecWriter.write(root, PROFILE, section(PROFILE)).id())
        .as("the same again")
        .isEqualTo(written.id());
  }

  @Test
  void leavesNothingOfTheProfileBefore() throws IOException {
    CodecWriter.write(root, PROFILE, section(PROFILE));
    CodecWriter.write(root, OTHER, section(OTHER));
    assertThat(files())
        .containsExactly(
            "bundle.json",
            "device/" + section(OTHER).profileFile(),
            "device/encoder.onnx",
            "server/" + section(OTHER).profileFile(),
            "server/decoder.json");
  }

  @Test
  void aCrashAtAnyPointLeavesABundleThatOpens() throws IOException {
    int crashes = 0;
    boolean renewed = false;
    for (boolean over : new boolean[] {false, true}) {
      boolean finished = false;
      for (int point = 0; !finished; point++) {
        write("weights", true);
        if (over) {
          CodecWriter.write(root, OTHER, section(OTHER));
        }
        BundleId before = Bundle.readManifest(root).id();
        finished = !crashesAt(point);
        BundleManifest now = Bundle.open(root, Half.DEVICE).manifest();
        assertThat(Bundle.open(root, Half.SERVER).id()).isEqualTo(now.id());
        // Once the new manifest stands, no later point has the old one.
        renewed = !now.id().equals(before);
        if (renewed) {
          assertThat(now.codec()).contains(section(PROFILE));
        }
        crashes += finished ? 0 : 1;
        CodecWriter.write(root, PROFILE, section(PROFILE));
        assertThat(files()).as("after a crash at step %d and another run", point).hasSize(5);
        if (!finished) {
          crashesAt(point);
          // What a crash leaves is no reason not to replace the bundle.
          write("new weights", true);
          assertThat(files())
              .containsExactly("bundle.json", "device/encoder.onnx", "server/decoder.json");
        }
      }
      assertThat(renewed).isTrue();
    }
    assertThat(crashes).as("six steps, and the two files of an old profile").isEqualTo(6 + 8);
  }

  private boolean crashesAt(int point) {
    int[] left = {point};
    try {
      CodecWriter.write(
          root,
          PROFILE,
          section(PROFILE),
          changed -> {
            if (left[0]-- == 0) {
              throw new Crash();
            }
          });
      return false;
    } catch (Crash e) {
      return true;
    }
  }

  private static final class Crash extends RuntimeException {}

  @Test
  void opensNoHalfWhoseProfileWasChanged() throws IOException {
    CodecWriter.write(root, PROFILE, section(PROFILE));
    Path profile = root.resolve("server").resolve(section(PROFILE).profileFile());
    Files.writeString(profile, "A profile");
    assertThat(Bundle.open(root, Half.DEVICE).manifest().codec()).isPresent();
    assertThatThrownBy(() -> Bundle.open(root, Half.SERVER))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("codec-")
        .hasMessageContaining("sha-256");
    assertThatThrownBy(() -> CodecWriter.write(root, OTHER, section(OTHER)))
        .isInstanceOf(MalformedBundle.class);
    Files.delete(profile);
    assertThatThrownBy(() -> Bundle.open(root, Half.SERVER)).hasMessageContaining("is missing");
  }

  @Test
  void takesAWholeBundleAndTheProfileOfTheSectionOnly() throws IOException {
    assertThatThrownBy(() -> CodecWriter.write(root, OTHER, section(PROFILE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the section names");
    Files.delete(root.resolve("server/decoder.json"));
    assertThatThrownBy(() -> CodecWriter.write(root, PROFILE, section(PROFILE)))
        .isInstanceOf(SplitException.class);
    assertThat(files()).containsExactly("bundle.json", "device/encoder.onnx");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"bytesPerPosition\" : 20 | \"bytesPerPosition\" : 21   | but its content has",
        "\"kl\" : 0.009            | \"kl\" : 0.0091             | but its content has",
        "\"kl\" : 0.009            | \"kl\" : -1                 | kl must be at least 0",
        "\"kl\" : 0.009            | \"kl\" : 1e999              | kl must be a finite number",
        "\"kl\" : 0.009            | \"kl\" : NaN                | is not JSON",
        "\"kl\" : 0.009            | \"kl\" : \"0.009\"          | kl must be a finite number",
        "\"agreement\" : 0.98      | \"agreement\" : 1.01        | agreement must be from 0 to 1",
        "\"fieldAccuracy\"         | \"accuracy\"                | fieldAccuracy is missing",
        "\"rawFieldAccuracy\" : 0.931 | \"rawFieldAccuracy\" : 2 | rawFieldAccuracy must be from",
        "\"bytesPerPosition\" : 20 | \"bytesPerPosition\" : 0    | bytesPerPosition must be in",
        "\"bytesPerPosition\" : 20 | \"bytesPerPosition\" : 16777217 | bytesPerPosition must be in",
        "\"bitsPerElement\" : 2.5  | \"bitsPerElement\" : 0      | bitsPerElement must be above 0",
        "rate_trellis              | rate_zip                    | mode must be one of",
        "\"balanced\"              | \"sharp\"                   | name must be one of",
        "\"balanced\"              | \"transparent\"             | must be named once",
        "0123456789abcdef01        | 0123456789ABCDEF01          | profileHash must be",
        "0123456789abcdef0123456789abcdef | 00000000000000000000000000000000 | names none",
        "\"profileFile\" : \"codec | \"profileFile\" : \"../codec | profileFile must be codec-",
        "\"profileFile\" : \"codec-| \"profileFile\" : \"codec-0 | profileFile must be codec-",
        "server/codec-             | server/codec_               | files must name server/codec-",
        "\"fisher-klt\"            | \"Fisher KLT\"              | basis must be",
        "\"tokens\" : 50000        | \"tokens\" : 0              | tokens must be at least 1",
        "\"presets\"               | \"resets\"                  | presets is missing",
        "\"calibration\" : {       | \"calibration\" : 7, \"x\" : { | calibration must be an object",
      })
  void namesWhatIsWrongWithTheSection(String from, String to, String message) throws IOException {
    CodecWriter.write(root, PROFILE, section(PROFILE));
    Path manifest = root.resolve(Bundle.MANIFEST);
    String text = Files.readString(manifest);
    assertThat(text).contains(from);
    Files.writeString(manifest, text.replace(from, to));
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining(message);
  }

  private List<String> files() throws IOException {
    List<String> files = new ArrayList<>();
    try (Stream<Path> entries = Files.walk(root)) {
      entries
          .filter(Files::isRegularFile)
          .forEach(entry -> files.add(root.relativize(entry).toString().replace('\\', '/')));
    }
    files.sort(null);
    return files;
  }
}

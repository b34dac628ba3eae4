package dev.cleave.split.bundle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundleTest {
  @TempDir Path folder;
  private Path root;

  @BeforeEach
  void makeBundle() throws IOException {
    root = folder.resolve("bundle");
    write(root, false, "weights");
  }

  private static BundleManifest write(Path to, boolean replace, String content) throws IOException {
    try (BundleWriter writer = BundleWriter.open(to, replace)) {
      Files.writeString(writer.file(Half.DEVICE, "encoder.onnx"), content);
      Files.writeString(writer.file(Half.DEVICE, "tokenizer.json"), "{}");
      Files.writeString(writer.file(Half.SERVER, "decoder.json"), "{}");
      return writer.finish(
          new BundleManifest.Model(
              "tiny", "t5", new BundleManifest.Parameters(7, 9), "test", List.of("a note")),
          new BundleManifest.Boundary(new SplitPoint.EncoderDecoder(), 64),
          new BundleManifest.Limits(512, 128));
    }
  }

  @Test
  void opensEachHalfWithItsFilesAndOneId() {
    Bundle device = Bundle.open(root, Half.DEVICE);
    Bundle server = Bundle.open(root, Half.SERVER);
    assertThat(device.id()).isEqualTo(server.id());
    assertThat(device.file("encoder.onnx")).hasContent("weights");
    assertThat(device.manifest().width()).isEqualTo(64);
    assertThat(device.manifest().model().notes()).containsExactly("a note");
    assertThat(BundleId.of(device.id().bytes())).isEqualTo(device.id());
    assertThatThrownBy(() -> server.file("encoder.onnx"))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("names no server/encoder.onnx");
  }

  @Test
  void opensOneHalfWhereTheOtherIsNotThere() throws IOException {
    deleteFolder(root.resolve("server"));
    assertThat(Bundle.open(root, Half.DEVICE).half()).isEqualTo(Half.DEVICE);
    assertThatThrownBy(() -> Bundle.open(root, Half.SERVER))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("missing or no plain file");
  }

  @Test
  void givesAnotherIdToOtherContent() throws IOException {
    BundleId first = Bundle.readManifest(root).id();
    assertThat(write(folder.resolve("same"), false, "weights").id()).isEqualTo(first);
    assertThat(write(folder.resolve("other"), false, "Weights").id()).isNotEqualTo(first);
  }

  @Test
  void noticesAChangedByteAndAChangedSize() throws IOException {
    Path file = root.resolve("device/encoder.onnx");
    Files.writeString(file, "Weights");
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("encoder.onnx")
        .hasMessageContaining("sha-256");
    Files.writeString(file, "weights!");
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("has 8 bytes, the manifest says 7");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"maxNewTokens\" : 128  | \"maxNewTokens\" : 129  | but its content has",
        "\"a note\"              | \"no note\"             | but its content has",
        "\"format\" : 1          | \"format\" : 2          | format 2 is not known",
        "seq2seq                 | diagonal                | split kind diagonal",
        "\"width\" : 64          | \"width\" : -1          | boundary width must be in",
        "\"width\" : 64          | \"width\" : \"64\"      | width must be an integer",
        "\"width\" : 64          | \"width\" : 99999999999 | width is too large",
        "device/encoder.onnx     | device/../x             | must be device/NAME or server/NAME",
        "device/encoder.onnx     | /etc/passwd             | must be device/NAME or server/NAME",
        "device/encoder.onnx     | device/a/b              | must be device/NAME or server/NAME",
        "device/encoder.onnx     | device/tokenizer.json   | files must be sorted and named once",
        "\"bytes\" : 7           | \"bytes\" : -7          | must not be negative",
        "\"name\" : \"tiny\"     | \"name\" : \"a b\"      | a bundle's name must be",
        "\"files\"               | \"film\"                | files is missing",
        "\"files\"               | \"name\"                | is not JSON",
        "{                       | [                       | is not JSON",
      })
  void namesWhatIsWrongWithAManifest(String from, String to, String message) throws IOException {
    Path manifest = root.resolve(Bundle.MANIFEST);
    String text = Files.readString(manifest);
    assertThat(text).contains(from);
    Files.writeString(manifest, text.replace(from, to));
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining(Bundle.MANIFEST)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"at\" : 4            | \"at\" : 30           | must leave layers in [1, 1024] on the",
        "\"at\" : 4            | \"at\" : -1           | must leave layers in [1, 1024] on the",
        "\"at\" : 4            | \"at\" : 4.5          | at must be an integer",
        "\"layers\" : 30       | \"layers\" : 1025     | must leave layers in [1, 1024] on the",
        "\"tiedHead\" : true   | \"tiedHead\" : 1      | tiedHead must be true or false",
        "\"tiedHead\" : true   | \"tied\" : true       | tiedHead is missing",
        "\"tiedHead\" : true   | \"tiedHead\" : false  | but its content has",
      })
  void namesWhatIsWrongWithACut(String from, String to, String message) throws IOException {
    Path cut = folder.resolve("cut");
    SplitPoint split = new SplitPoint.Causal(4, 30, true);
    try (BundleWriter writer = BundleWriter.open(cut, false)) {
      writer.finish(
          new BundleManifest.Model(
              "tiny", "llama", new BundleManifest.Parameters(7, 9), "test", List.of()),
          new BundleManifest.Boundary(split, 64),
          new BundleManifest.Limits(512, 128));
    }
    assertThat(Bundle.readManifest(cut).split()).isEqualTo(split);
    Path manifest = cut.resolve(Bundle.MANIFEST);
    String text = Files.readString(manifest);
    assertThat(text).contains(from);
    Files.writeString(manifest, text.replace(from, to));
    assertThatThrownBy(() -> Bundle.open(cut, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining(message);
  }

  @Test
  void namesAManifestThatIsMissingOrTooLarge() throws IOException {
    Path manifest = root.resolve(Bundle.MANIFEST);
    Files.write(manifest, " ".repeat(ManifestJson.MAX_BYTES + 1).getBytes(UTF_8));
    assertThatThrownBy(() -> Bundle.readManifest(root)).hasMessageContaining("larger than");
    Files.delete(manifest);
    assertThatThrownBy(() -> Bundle.readManifest(root))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("cleave split");
  }

  @Test
  void doesNotFollowLinks() throws IOException {
    Path file = root.resolve("device/encoder.onnx");
    Files.move(file, folder.resolve("elsewhere"));
    Files.createSymbolicLink(file, folder.resolve("elsewhere"));
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("no plain file");
  }

  @Test
  void replacesABundleOnlyWhenAskedTo() throws IOException {
    assertThatThrownBy(() -> write(root, false, "new"))
        .isInstanceOf(SplitException.class)
        .hasMessageContaining("--force");
    assertThat(Bundle.open(root, Half.DEVICE).file("encoder.onnx")).hasContent("weights");
    write(root, true, "new");
    assertThat(Bundle.open(root, Half.DEVICE).file("encoder.onnx")).hasContent("new");
    assertThat(entries(folder)).containsExactly("bundle");
  }

  @Test
  void neverReplacesWhatIsNotABundle() throws IOException {
    Path precious = Files.createDirectory(folder.resolve("precious"));
    Files.writeString(precious.resolve("thesis.tex"), "years");
    Path file = Files.writeString(folder.resolve("file"), "x");
    Files.writeString(root.resolve("diary.txt"), "kept beside the bundle's own files");
    Path link = Files.createSymbolicLink(folder.resolve("link"), root);
    for (Path target : List.of(precious, file, root, link)) {
      assertThatThrownBy(() -> write(target, true, "new"))
          .isInstanceOf(SplitException.class)
          .hasMessageContaining("is no bundle");
    }
    assertThat(precious.resolve("thesis.tex")).hasContent("years");
    assertThat(entries(folder)).containsExactly("bundle", "file", "link", "precious");
  }

  @Test
  void leavesNothingBehindWhenNotFinished() throws IOException {
    try (BundleWriter writer = BundleWriter.open(folder.resolve("half"), false)) {
      Files.writeString(writer.file(Half.DEVICE, "encoder.onnx"), "half");
    }
    assertThat(entries(folder)).containsExactly("bundle");
  }

  @Test
  void takesAnEmptyFolder() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    write(empty, false, "weights");
    assertThat(Bundle.open(empty, Half.SERVER).half()).isEqualTo(Half.SERVER);
  }

  private static List<String> entries(Path path) throws IOException {
    try (Stream<Path> list = Files.list(path)) {
      return list.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  private static void deleteFolder(Path path) throws IOException {
    for (String entry : entries(path)) {
      Files.delete(path.resolve(entry));
    }
    Files.delete(path);
  }
}

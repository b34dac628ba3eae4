package dev.cleave.split.hailo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompiledModelsTest {
  @TempDir Path folder;
  private Bundle bundle;
  private Path root;

  @BeforeEach
  void split() {
    root = folder.resolve("bundle");
    bundle = Hailo.fixture("bart", root, new HailoBuckets(List.of(8, 16)));
  }

  private Path hef(String name, String graph, byte... content) throws IOException {
    byte[] bytes = new byte[4 + content.length];
    System.arraycopy(new byte[] {1, 'H', 'E', 'F'}, 0, bytes, 0, 4);
    System.arraycopy(content, 0, bytes, 4, content.length);
    Path file = Files.write(folder.resolve(name), bytes);
    Files.writeString(folder.resolve(name + ".from"), graph);
    return file;
  }

  private String line(int positions) {
    return CompiledModels.graphSha256(bundle.manifest(), positions).orElseThrow()
        + "  encoder-"
        + positions
        + ".onnx\n";
  }

  private List<CompiledModel> models() {
    return CompiledModels.of(Bundle.open(root, Half.DEVICE), CompiledName.Kind.HEF);
  }

  @Test
  void takesModelsInUnderANewId() throws IOException {
    Path longer = hef("any.hef", line(16), (byte) 1, (byte) 2);
    Path shorter = hef("other.hef", line(8), (byte) 3);
    BundleManifest renewed = CompiledModels.takeIn(root, List.of(longer, shorter));
    assertThat(renewed.id()).isNotEqualTo(bundle.id());
    assertThat(Bundle.open(root, Half.SERVER).id()).isEqualTo(renewed.id());
    assertThat(models()).extracting(model -> model.name().positions()).containsExactly(8, 16);
    assertThat(models().getLast().file()).hasSameBinaryContentAs(longer);
    assertThat(models().getLast().graphSha256())
        .isEqualTo(CompiledModels.graphSha256(renewed, 16).orElseThrow());
    assertThat(CompiledModels.of(Bundle.open(root, Half.DEVICE), CompiledName.Kind.SIM)).isEmpty();
    assertThat(CompiledModels.takeIn(root, List.of(longer)).id()).isEqualTo(renewed.id());
  }

  @Test
  void takesOneInPlaceOfAnother() throws IOException {
    CompiledModels.takeIn(root, List.of(hef("a.hef", line(16), (byte) 1)));
    CompiledModels.takeIn(root, List.of(hef("b.hef", line(16), (byte) 2)));
    assertThat(models()).hasSize(1);
    assertThat(Files.readAllBytes(models().getFirst().file())).containsExactly(1, 'H', 'E', 'F', 2);
    try (Stream<Path> files = Files.list(root.resolve("device/hailo"))) {
      assertThat(files.filter(file -> file.toString().contains(".hef"))).hasSize(2);
    }
  }

  @Test
  void takesModelsInWithoutTheServerHalf() throws IOException {
    try (Stream<Path> files = Files.walk(root.resolve("server"))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    CompiledModels.takeIn(root, List.of(hef("a.hef", line(16), (byte) 1)));
    assertThat(models()).hasSize(1);
  }

  @Test
  void refusesAModelOfAnotherGraph() throws IOException {
    String other = line(16).replaceFirst("^.{8}", "00000000");
    refuses(hef("a.hef", other), "was compiled from a graph with sha-256 00000000");
    refuses(hef("b.hef", line(16).replace("16", "32")), "split with --hailo 32");
    refuses(hef("c.hef", "what it was compiled from"), "one line of sha256sum");
    Path unsaid = hef("d.hef", line(8));
    Files.delete(folder.resolve("d.hef.from"));
    refuses(unsaid, "sha256sum encoder-L.onnx > d.hef.from");
    Path junk = hef("e.hef", line(8));
    Files.writeString(junk, "junk");
    refuses(junk, "is no compiled model");
    assertThat(Bundle.open(root, Half.DEVICE).id()).isEqualTo(bundle.id());
  }

  private void refuses(Path file, String reason) {
    assertThatThrownBy(() -> CompiledModels.takeIn(root, List.of(file)))
        .isInstanceOf(SplitException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void refusesARecordOfAnotherGraph() throws IOException {
    Path file = hef("a.hef", line(16), (byte) 1);
    CompiledModels.takeIn(root, List.of(file));
    Bundle device = Bundle.open(root, Half.DEVICE);
    Path record = device.file(models().getFirst().name().record());
    Files.writeString(record, Files.readString(record).replaceFirst("[0-9a-f]{64}", "00"));
    assertThatThrownBy(() -> CompiledModels.of(device, CompiledName.Kind.HEF))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("take the model in");
  }

  @Test
  void isReplacedByAnotherSplitWithAllThatIsInIt() throws IOException {
    CompiledModels.takeIn(root, List.of(hef("a.hef", line(16), (byte) 1)));
    Files.writeString(root.resolve("device/hailo/.compiled-writing.tmp"), "half");
    SplitCompiler.split(
        Fixtures.folder("bart"),
        root,
        SplitOptions.defaults().withReplace(true),
        ProgressListener.NONE);
    assertThat(root.resolve("device/hailo")).doesNotExist();
  }
}

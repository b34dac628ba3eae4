package dev.cleave.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.server.engine.EngineException;
import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.torch.ScriptOptions;
import dev.cleave.split.torch.TorchScriptEmitter;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bundles whose hashes are right and whose content is hostile, as somebody makes them who may write
 * a bundle that nobody has to have signed: no file of a bundle is ever run as a program.
 */
class PlantedFilesTest {
  private static final EngineOptions SMALL =
      new EngineOptions("cpu", WeightPrecision.F32, 1, 16, 8).withThreads(1);

  /** {@code os.system("touch ...")} on unpickling, of protocol 0. */
  private String pickle;

  @TempDir Path work;
  private Path honest;
  private Path touched;

  @BeforeEach
  void splitHonestly() {
    honest = Bundles.fixture("marian", work);
    touched = work.resolve("touched");
    pickle = "cos\nsystem\n(S'touch " + touched + "'\ntR.";
  }

  /** The same bundle with these files instead, under hashes of its own. */
  private Path withFiles(String name, Map<String, byte[]> planted) throws IOException {
    BundleManifest manifest = Bundle.readManifest(honest);
    Path root = work.resolve(name);
    try (BundleWriter writer = BundleWriter.open(root, false)) {
      for (BundleFile file : manifest.files()) {
        Files.copy(honest.resolve(file.path()), writer.file(file.half(), file.name()));
      }
      for (Map.Entry<String, byte[]> file : planted.entrySet()) {
        Half half = file.getKey().startsWith("device/") ? Half.DEVICE : Half.SERVER;
        Files.write(
            writer.file(half, file.getKey().substring(file.getKey().indexOf('/') + 1)),
            file.getValue());
      }
      var _ = writer.finish(manifest.model(), manifest.boundary(), manifest.limits());
    }
    return root;
  }

  /** A whole TorchScript program, such as the server makes for itself. */
  private byte[] archive() {
    return TorchScriptEmitter.emit(
            DecoderJson.read(honest.resolve("server/decoder.json")),
            new ScriptOptions("cpu", WeightPrecision.F32, 1, 16, 8))
        .archive();
  }

  private static void openDevice(Path root) {
    CleaveClient.open(root, ClientOptions.of("127.0.0.1:1")).close();
  }

  private static void openServer(Path root) {
    TorchDecoderEngine.open(Bundle.open(root, Half.SERVER), SMALL).close();
  }

  @Test
  void theHonestBundleOpens() {
    openDevice(honest);
    openServer(honest);
  }

  @Test
  void programsInPlaceOfDataAreRefused() throws IOException {
    byte[][] programs = {archive(), pickle.getBytes(UTF_8)};
    for (int i = 0; i < programs.length; i++) {
      Path server = withFiles("server" + i, Map.of("server/decoder.safetensors", programs[i]));
      assertThatThrownBy(() -> openServer(server)).isInstanceOf(EngineException.class);
      for (String name : new String[] {"encoder.onnx", "tokenizer.json"}) {
        Path device = withFiles(name + i, Map.of("device/" + name, programs[i]));
        assertThatThrownBy(() -> openDevice(device))
            .as(name)
            .isInstanceOfSatisfying(
                CleaveException.class,
                e -> assertThat(e.code()).isEqualTo(CleaveException.Code.BUNDLE));
      }
    }
    assertThat(touched).doesNotExist();
  }

  /** Whether it is named by the manifest or not: no name of a file makes it a program. */
  @Test
  void programsBesideTheDataAreNotLookedAt() throws IOException {
    Path root =
        withFiles(
            "beside",
            Map.of(
                "server/decoder.pt", archive(),
                "server/model.pkl", pickle.getBytes(UTF_8),
                "device/encoder.pt", archive()));
    Files.write(root.resolve("server/decoder.ptl"), archive());
    openDevice(root);
    openServer(root);
    assertThat(touched).doesNotExist();
  }

  /** Else the weights could be any file of the person, and leave with the hidden states. */
  @Test
  void weightsOutsideOfTheFolderAreRefused() throws IOException {
    Path graph = honest.resolve("device/encoder.onnx");
    for (String elsewhere : new String[] {"../../outside.data", work + "/outside.data"}) {
      Files.copy(
          honest.resolve("device/encoder.data"),
          work.resolve("outside.data"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      OnnxMl.ModelProto.Builder model =
          OnnxMl.ModelProto.parseFrom(Files.readAllBytes(graph)).toBuilder();
      int moved = 0;
      for (OnnxMl.TensorProto.Builder weight :
          model.getGraphBuilder().getInitializerBuilderList()) {
        for (OnnxMl.StringStringEntryProto.Builder entry : weight.getExternalDataBuilderList()) {
          if (entry.getKey().equals("location")) {
            entry.setValue(elsewhere);
            moved++;
          }
        }
      }
      assertThat(moved).isPositive();
      Path root =
          withFiles(
              "elsewhere" + elsewhere.length(),
              Map.of("device/encoder.onnx", model.build().toByteArray()));
      assertThatThrownBy(() -> openDevice(root))
          .as(elsewhere)
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> assertThat(e.code()).isEqualTo(CleaveException.Code.BUNDLE));
    }
  }
}

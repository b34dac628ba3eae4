package dev.cleave.edge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.error.UntrustedBundle;
import dev.cleave.split.signing.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The verified files of a bundle's device half.
 *
 * @param bundle what the manifest says
 * @param half the files
 * @param split where the model was cut
 * @param chat how conversations are written; empty where the model has no template
 */
record DeviceFiles(DeviceBundle bundle, Bundle half, SplitPoint split, Optional<ChatFiles> chat) {

  /**
   * Verifies the signature where one is asked for, the hashes of the device half, and reads what
   * the client needs to know.
   */
  static DeviceFiles open(Path root, Trust trust) {
    try {
      Bundle bundle = Bundle.open(root, Half.DEVICE, trust);
      JsonNode generation = new ObjectMapper().readTree(bundle.file("generation.json").toFile());
      DeviceFiles files =
          new DeviceFiles(
              describe(bundle, generation),
              bundle,
              bundle.manifest().split(),
              chat(bundle, generation));
      requireAll(files);
      return files;
    } catch (UntrustedBundle e) {
      throw CleaveException.fatal(
              Code.TRUST, "will not open the bundle at %s".formatted(e.subject()), e.detail())
          .causedBy(e);
    } catch (SplitException | IOException e) {
      throw CleaveException.fatal(
              Code.BUNDLE,
              "could not open the bundle at %s: %s".formatted(root, e.getMessage()),
              "check the path, or split the model again")
          .causedBy(e);
    }
  }

  /** That none is missing is found out here, not later. */
  private static void requireAll(DeviceFiles files) {
    var _ = files.tokenizer();
    var _ = files.graph();
  }

  /** {@code tokenizer.json}. */
  Path tokenizer() {
    return half.file("tokenizer.json");
  }

  /** What computes on the CPU, its weights beside it. */
  Path graph() {
    return half.file(
        switch (split) {
          case SplitPoint.EncoderDecoder() -> "encoder.onnx";
          case SplitPoint.Causal _ -> "lower.onnx";
        });
  }

  private static DeviceBundle describe(Bundle bundle, JsonNode generation) throws IOException {
    BundleManifest manifest = bundle.manifest();
    BundleManifest.Limits limits = manifest.limits();
    return new DeviceBundle(
        manifest.id().hex(),
        new EncoderShape(manifest.width(), limits.maxPromptPositions()),
        new DeviceBundle.Tokens(
            positive(generation, "vocabulary"),
            ids(generation.path("skipTokenIds")),
            ids(generation.path("eosTokenIds"))),
        new DeviceBundle.AnswerLimits(
            Math.min(limits.maxNewTokens(), positive(generation, "defaultMaxNewTokens")),
            limits.maxNewTokens()),
        DeviceCodec.of(bundle));
  }

  private static Optional<ChatFiles> chat(Bundle bundle, JsonNode generation) {
    String template = "chat_template.jinja";
    JsonNode chat = generation.path("chat");
    return bundle.manifest().has(Half.DEVICE, template)
        ? Optional.of(
            new ChatFiles(
                bundle.file(template),
                bundle.manifest().architecture(),
                chat.path("bosToken").asText(""),
                chat.path("eosToken").asText("")))
        : Optional.empty();
  }

  private static Set<Integer> ids(JsonNode array) {
    Set<Integer> ids = new HashSet<>();
    array.forEach(id -> ids.add(id.asInt()));
    return ids;
  }

  private static int positive(JsonNode generation, String field) throws IOException {
    int value = generation.path(field).asInt();
    if (value < 1) {
      throw new IOException("generation.json has no %s above 0".formatted(field));
    }
    return value;
  }
}

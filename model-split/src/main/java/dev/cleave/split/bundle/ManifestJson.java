package dev.cleave.split.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The JSON form of a manifest.
 *
 * <p>The bundle id is the sha-256 of the manifest's compact JSON without {@code bundleId}, keys in
 * the order written here; it therefore covers every file's hash and every other field.
 */
final class ManifestJson {
  static final int MAX_BYTES = 1 << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private ManifestJson() {}

  /** The manifest with the id that its content has. */
  static BundleManifest sealed(
      BundleManifest.Model model,
      BundleManifest.Boundary boundary,
      BundleManifest.Limits limits,
      List<BundleFile> files) {
    List<BundleFile> sorted = new ArrayList<>(files);
    sorted.sort(Comparator.comparing(BundleFile::path));
    BundleManifest unnamed =
        new BundleManifest(new BundleId("0".repeat(64)), model, boundary, limits, sorted);
    return new BundleManifest(contentId(unnamed), model, boundary, limits, sorted);
  }

  /** The id that the content has, whatever the manifest says. */
  static BundleId contentId(BundleManifest manifest) {
    try {
      return new BundleId(Sha256.hex(MAPPER.writeValueAsBytes(content(manifest))));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] write(BundleManifest manifest) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("format", BundleManifest.FORMAT);
    root.put("bundleId", manifest.id().hex());
    content(manifest).properties().forEach(e -> root.set(e.getKey(), e.getValue()));
    try {
      String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode content(BundleManifest manifest) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("format", BundleManifest.FORMAT);
    root.put("name", manifest.model().name());
    root.put("architecture", manifest.model().architecture());
    switch (manifest.split()) {
      case SplitPoint.EncoderDecoder _ -> root.putObject("split").put("kind", "seq2seq");
      case SplitPoint.Causal causal ->
          root.putObject("split")
              .put("kind", "causal")
              .put("at", causal.at())
              .put("layers", causal.layers())
              .put("tiedHead", causal.tiedHead());
    }
    root.putObject("boundary")
        .put("dtype", manifest.boundary().dtype())
        .put("width", manifest.boundary().width());
    root.putObject("limits")
        .put("maxPromptPositions", manifest.limits().maxPromptPositions())
        .put("maxNewTokens", manifest.limits().maxNewTokens());
    root.putObject("parameters")
        .put("device", manifest.model().parameters().device())
        .put("server", manifest.model().parameters().server());
    CodecSection codec = manifest.boundary().codec();
    if (codec != null) {
      CodecJson.write(codec, root.putObject("codec"));
    }
    ArrayNode files = root.putArray("files");
    for (BundleFile file : manifest.files()) {
      files
          .addObject()
          .put("path", file.path())
          .put("bytes", file.bytes())
          .put("sha256", file.sha256());
    }
    manifest.model().notes().forEach(root.putArray("notes")::add);
    root.put("createdBy", manifest.model().createdBy());
    return root;
  }

  /** Parses and validates every field; does not compare the id with the content. */
  static BundleManifest parse(byte[] json, String subject) {
    try {
      JsonNode root = MAPPER.readTree(json);
      if (!root.isObject()) {
        throw new MalformedBundle(subject, "is no JSON object");
      }
      int format = JsonFields.integer(root, "format");
      if (format != BundleManifest.FORMAT) {
        throw new MalformedBundle(
            subject, "format " + format + " is not known here; use the release that wrote it");
      }
      String dtype = JsonFields.text(JsonFields.object(root, "boundary"), "dtype");
      if (!dtype.equals("f32")) {
        throw new MalformedBundle(subject, "a boundary of " + dtype + " is not known here");
      }
      return manifest(root);
    } catch (IllegalArgumentException e) {
      throw new MalformedBundle(subject, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new MalformedBundle(subject, "is not JSON", e);
    }
  }

  private static SplitPoint splitPoint(JsonNode split) {
    String kind = JsonFields.text(split, "kind");
    return switch (kind) {
      case "seq2seq" -> new SplitPoint.EncoderDecoder();
      case "causal" ->
          new SplitPoint.Causal(
              JsonFields.integer(split, "at"),
              JsonFields.integer(split, "layers"),
              JsonFields.flag(split, "tiedHead"));
      default -> throw new IllegalArgumentException("split kind " + kind + " is not known here");
    };
  }

  private static BundleManifest manifest(JsonNode root) {
    List<BundleFile> files = new ArrayList<>();
    for (JsonNode file : JsonFields.array(root, "files")) {
      files.add(
          new BundleFile(
              JsonFields.text(file, "path"),
              JsonFields.wide(file, "bytes"),
              JsonFields.text(file, "sha256")));
    }
    List<String> notes = new ArrayList<>();
    JsonFields.array(root, "notes").forEach(note -> notes.add(note.asText()));
    JsonNode parameters = JsonFields.object(root, "parameters");
    JsonNode limits = JsonFields.object(root, "limits");
    return new BundleManifest(
        new BundleId(JsonFields.text(root, "bundleId")),
        new BundleManifest.Model(
            JsonFields.text(root, "name"),
            JsonFields.text(root, "architecture"),
            new BundleManifest.Parameters(
                JsonFields.wide(parameters, "device"), JsonFields.wide(parameters, "server")),
            JsonFields.text(root, "createdBy"),
            notes),
        new BundleManifest.Boundary(
            splitPoint(JsonFields.object(root, "split")),
            JsonFields.integer(JsonFields.object(root, "boundary"), "width"),
            root.has("codec") ? CodecJson.parse(JsonFields.object(root, "codec")) : null),
        new BundleManifest.Limits(
            JsonFields.integer(limits, "maxPromptPositions"),
            JsonFields.integer(limits, "maxNewTokens")),
        files);
  }
}

package dev.cleave.split.hailo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.CompiledWriter;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The compiled models of a bundle: finding those that are there, and taking new ones in. Stateless
 * and thread-safe.
 */
public final class CompiledModels {
  /** Ends the name of the file that says what a model was compiled from, as sha256sum writes it. */
  public static final String SOURCE = ".from";

  private static final int MAX_MODEL_BYTES = 1 << 30;
  private static final int MAX_TEXT_BYTES = 4096;
  private static final byte[] HEF_MAGIC = {1, 'H', 'E', 'F'};
  private static final byte[] SIM_MAGIC = {'C', 'L', 'V', 'H', 'E', 'F', 0, 1};
  private static final Pattern SOURCE_LINE =
      Pattern.compile("([0-9a-f]{64})[ *]+(?:.*/)?(encoder-([1-9][0-9]{0,4})\\.onnx)\\s*");
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private CompiledModels() {}

  /**
   * The models of a kind, by length.
   *
   * @param device the device half, verified
   * @throws MalformedBundle when one was compiled from another graph than the bundle's
   */
  public static List<CompiledModel> of(Bundle device, CompiledName.Kind kind) {
    List<CompiledModel> models = new ArrayList<>();
    for (BundleFile file : device.manifest().files(Half.DEVICE)) {
      Optional<CompiledName> name = CompiledName.parse(file.name());
      if (name.isPresent() && name.get().kind() == kind) {
        models.add(model(device, name.get()));
      }
    }
    models.sort(Comparator.comparingInt(model -> model.name().positions()));
    return models;
  }

  /** The lengths that the bundle has graphs for; empty where it was split without. */
  public static List<Integer> lengths(BundleManifest manifest) {
    Pattern graph = Pattern.compile("hailo/encoder-([0-9]{1,5})\\.onnx");
    return manifest.files(Half.DEVICE).stream()
        .map(file -> graph.matcher(file.name()))
        .filter(Matcher::matches)
        .map(matcher -> Integer.parseInt(matcher.group(1)))
        .sorted()
        .toList();
  }

  private static CompiledModel model(Bundle device, CompiledName name) {
    Path record = device.file(name.record());
    try {
      JsonNode json = MAPPER.readTree(Files.readAllBytes(record));
      String hash = json.path("graphSha256").asText();
      Optional<String> graph = graphSha256(device.manifest(), name.positions());
      if (json.path("format").asInt() != 1 || !graph.equals(Optional.of(hash))) {
        throw new MalformedBundle(
            record.toString(),
            "is of a graph %s, the bundle's is %s; compile again and take the model in"
                .formatted(hash, graph.orElse("not there")));
      }
      return new CompiledModel(name, device.file(name.file()), hash);
    } catch (IOException e) {
      throw new MalformedBundle(record.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Takes models in, each with the file beside it that says what it was compiled from.
   *
   * @param root the bundle's folder; the server half need not be here
   * @return the manifest with its new id
   * @throws SplitException when one is no model, or of another graph; nothing has changed then
   */
  public static BundleManifest takeIn(Path root, List<Path> files) {
    BundleManifest manifest = Bundle.readManifest(root);
    List<CompiledWriter.Model> models = new ArrayList<>();
    for (Path file : files) {
      models.add(checked(manifest, file));
    }
    return CompiledWriter.write(root, models);
  }

  private static CompiledWriter.Model checked(BundleManifest manifest, Path file) {
    Path source = file.resolveSibling(file.getFileName() + SOURCE);
    Matcher line = SOURCE_LINE.matcher(text(source, file));
    if (!line.matches()) {
      throw refused(
          source, "must be one line of sha256sum: 64 digits and encoder-L.onnx; write it again");
    }
    int positions = Integer.parseInt(line.group(3));
    Optional<String> graph = graphSha256(manifest, positions);
    if (graph.isEmpty()) {
      throw refused(
          file,
          "is for %d positions, this bundle has graphs for %s; split with --hailo %d"
              .formatted(positions, lengths(manifest), positions));
    }
    if (!graph.get().equals(line.group(1))) {
      throw refused(
          file,
          "was compiled from a graph with sha-256 %s, this bundle's %s has %s; compile that one"
              .formatted(line.group(1), line.group(2), graph.get()));
    }
    byte[] content = content(file);
    return model(kind(content, file), positions, content, graph.get());
  }

  /** A model whose source is known. */
  public static CompiledWriter.Model model(
      CompiledName.Kind kind, int positions, byte[] content, String graphSha256) {
    String record =
        MAPPER
                .createObjectNode()
                .put("format", 1)
                .put("positions", positions)
                .put("graph", "encoder-" + positions + ".onnx")
                .put("graphSha256", graphSha256)
                .toPrettyString()
            + "\n";
    return new CompiledWriter.Model(kind, positions, content, record);
  }

  /** The sha-256 of a length's graph; empty where there is none. */
  public static Optional<String> graphSha256(BundleManifest manifest, int positions) {
    return manifest.files(Half.DEVICE).stream()
        .filter(file -> file.name().equals(HailoHalf.graph(positions)))
        .map(BundleFile::sha256)
        .findFirst();
  }

  private static CompiledName.Kind kind(byte[] content, Path file) {
    if (startsWith(content, HEF_MAGIC)) {
      return CompiledName.Kind.HEF;
    }
    if (startsWith(content, SIM_MAGIC)) {
      return CompiledName.Kind.SIM;
    }
    throw refused(file, "is no compiled model: it begins as no .hef does; compile again");
  }

  private static boolean startsWith(byte[] content, byte[] magic) {
    return content.length >= magic.length
        && Arrays.equals(content, 0, magic.length, magic, 0, magic.length);
  }

  private static byte[] content(Path file) {
    try {
      if (Files.size(file) > MAX_MODEL_BYTES) {
        throw refused(file, "has more than " + MAX_MODEL_BYTES + " bytes");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw refused(file, "cannot be read: " + e);
    }
  }

  private static String text(Path source, Path model) {
    try {
      if (!Files.isRegularFile(source)) {
        throw refused(
            model,
            "nothing says what it was compiled from; where you compiled it run: sha256sum"
                + " encoder-L.onnx > "
                + source.getFileName());
      }
      if (Files.size(source) > MAX_TEXT_BYTES) {
        throw refused(source, "has more than " + MAX_TEXT_BYTES + " bytes");
      }
      return Files.readString(source, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw refused(source, "cannot be read: " + e);
    }
  }

  private static SplitException refused(Path subject, String detail) {
    return new SplitException("take in", subject.toString(), detail);
  }
}

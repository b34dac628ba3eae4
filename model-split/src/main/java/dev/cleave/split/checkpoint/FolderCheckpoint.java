package dev.cleave.split.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A checkpoint in the folder that {@code save_pretrained} writes. Confined to one thread. */
public final class FolderCheckpoint implements Checkpoint {
  private static final long MAX_TOKENIZER_BYTES = 256L << 20;
  private static final long MAX_CALIBRATION_BYTES = 16L << 20;
  private static final long MAX_TEMPLATE_BYTES = 1L << 20;
  private static final String TOKENIZER = "tokenizer.json";
  private static final String TEMPLATE = "chat_template.jinja";
  private static final String CALIBRATION = "calibration.jsonl";

  private final Path folder;
  private final ModelConfig config;
  private @Nullable Weights weights;

  private FolderCheckpoint(Path folder, ModelConfig config) {
    this.folder = folder;
    this.config = config;
  }

  /**
   * Opens a folder; only its config.json is read yet.
   *
   * @throws MalformedCheckpoint when there is none, or it is damaged
   */
  public static FolderCheckpoint open(Path folder) {
    return new FolderCheckpoint(folder, ModelConfig.read(folder.resolve("config.json")));
  }

  @Override
  public String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? "model" : last.toString();
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public Optional<ModelConfig> generation() {
    Path file = folder.resolve("generation_config.json");
    return Files.isRegularFile(file) ? Optional.of(ModelConfig.read(file)) : Optional.empty();
  }

  @Override
  public Weights weights() {
    Weights opened = weights;
    if (opened == null) {
      opened = Weights.openFolder(folder);
      weights = opened;
    }
    return opened;
  }

  @Override
  public byte[] tokenizer() {
    return read(TOKENIZER, MAX_TOKENIZER_BYTES)
        .orElseThrow(() ->
            new CheckpointRefused(
                TOKENIZER,
                "missing; save the checkpoint's tokenizer in the fast format"
                    + " (AutoTokenizer.from_pretrained(...).save_pretrained(...))"));
  }

  @Override
  public Optional<ChatTemplate> chatTemplate() {
    Path file = folder.resolve("tokenizer_config.json");
    ObjectNode root =
        Files.isRegularFile(file)
            ? JsonFile.readObject(file)
            : JsonNodeFactory.instance.objectNode();
    Optional<String> jinja =
        read(TEMPLATE, MAX_TEMPLATE_BYTES)
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .or(() -> template(root.path("chat_template")));
    return jinja.map(text ->
        new ChatTemplate(text, token(root.path("bos_token")), token(root.path("eos_token"))));
  }

  /** The text itself, or the one named "default" of a list. */
  private static Optional<String> template(JsonNode node) {
    String subject = "tokenizer_config.json chat_template";
    Optional<String> found = Optional.empty();
    if (node.isTextual()) {
      found = Optional.of(node.textValue());
    } else if (node.isArray()) {
      for (JsonNode named : node) {
        if (named.path("name").asText().equals("default") && named.path("template").isTextual()) {
          found = Optional.of(named.path("template").textValue());
        }
      }
    } else if (!node.isMissingNode() && !node.isNull()) {
      throw new CheckpointRefused(subject, "must be a string or a list of named ones");
    }
    if (found.isPresent() && found.get().length() > MAX_TEMPLATE_BYTES) {
      throw new CheckpointRefused(subject, "has more than " + MAX_TEMPLATE_BYTES + " characters");
    }
    return found;
  }

  /** The text of a special token, which is written as it is or as an object. */
  private static String token(JsonNode node) {
    JsonNode text = node.isObject() ? node.path("content") : node;
    return text.isTextual() ? text.textValue() : "";
  }

  @Override
  public Optional<byte[]> calibration() {
    return read(CALIBRATION, MAX_CALIBRATION_BYTES);
  }

  private Optional<byte[]> read(String name, long maxBytes) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      if (Files.size(file) > maxBytes) {
        throw new CheckpointRefused(
            name, "has more than " + maxBytes + " bytes; shorten it, or move it elsewhere");
      }
      return Optional.of(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new MalformedCheckpoint(file.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    if (weights != null) {
      weights.close();
    }
  }
}

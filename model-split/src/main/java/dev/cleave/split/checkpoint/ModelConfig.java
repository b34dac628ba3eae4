package dev.cleave.split.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * {@code config.json} or {@code generation_config.json}, read key by key.
 *
 * <p>A key that is absent and one that is null are the same. A key of another type than asked for
 * is refused by name. Immutable by convention: nothing here writes to the tree.
 */
public final class ModelConfig {
  private final String file;
  private final ObjectNode root;

  private ModelConfig(String file, ObjectNode root) {
    this.file = file;
    this.root = root;
  }

  /** Reads a file that must be there. */
  public static ModelConfig read(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new MalformedCheckpoint(
          path.toString(), "is not there; name the folder of a Hugging Face checkpoint");
    }
    return new ModelConfig(String.valueOf(path.getFileName()), JsonFile.readObject(path));
  }

  /**
   * A config that stands in another format, brought into this form.
   *
   * @param file how refusals name it
   * @param root taken over: not to be changed afterwards
   */
  public static ModelConfig of(String file, ObjectNode root) {
    return new ModelConfig(file, root);
  }

  /** Whether the key holds something. */
  public boolean has(String key) {
    return root.hasNonNull(key);
  }

  /** Whether the key is written, be it as null. */
  public boolean mentions(String key) {
    return root.has(key);
  }

  /** The text under a key. */
  public Optional<String> text(String key) {
    return value(key)
        .map(node -> {
          if (!node.isTextual()) {
            throw wrongType(key, "a string", node);
          }
          return node.textValue();
        });
  }

  /** The integer under a key. */
  public OptionalInt integer(String key) {
    Optional<JsonNode> node = value(key);
    return node.isEmpty() ? OptionalInt.empty() : OptionalInt.of(toInt(key, node.get()));
  }

  /** The integer under a key that must be there, and be positive. */
  public int size(String key) {
    int size =
        integer(key).orElseThrow(() -> new CheckpointRefused(subject(key), "missing from " + file));
    if (size < 1) {
      throw new CheckpointRefused(subject(key), "must be positive: " + size);
    }
    return size;
  }

  /** The number under a key. */
  public double number(String key, double absent) {
    Optional<JsonNode> node = value(key);
    if (node.isPresent() && !node.get().isNumber()) {
      throw wrongType(key, "a number", node.get());
    }
    return node.map(JsonNode::doubleValue).orElse(absent);
  }

  /** The flag under a key. */
  public Optional<Boolean> flag(String key) {
    return value(key)
        .map(node -> {
          if (!node.isBoolean()) {
            throw wrongType(key, "true or false", node);
          }
          return node.booleanValue();
        });
  }

  /** An integer or a list of integers; empty when absent. */
  public List<Integer> integers(String key) {
    List<Integer> list = new ArrayList<>();
    Optional<JsonNode> node = value(key);
    if (node.isPresent()) {
      if (node.get().isArray()) {
        node.get().forEach(entry -> list.add(toInt(key, entry)));
      } else {
        list.add(toInt(key, node.get()));
      }
    }
    return list;
  }

  /** A list of lists of integers; empty when absent. */
  public List<List<Integer>> integerLists(String key) {
    List<List<Integer>> lists = new ArrayList<>();
    Optional<JsonNode> node = value(key);
    if (node.isPresent()) {
      for (JsonNode entry : node.get()) {
        if (!entry.isArray()) {
          throw wrongType(key, "a list of lists of integers", entry);
        }
        List<Integer> list = new ArrayList<>();
        entry.forEach(id -> list.add(toInt(key, id)));
        lists.add(list);
      }
    }
    return lists;
  }

  /** The list of strings under a key; empty when absent. */
  public List<String> texts(String key) {
    List<String> list = new ArrayList<>();
    value(key).ifPresent(node -> node.forEach(entry -> list.add(entry.asText())));
    return list;
  }

  /** The keys that are written, in the file's order. */
  public Set<String> keys() {
    Set<String> keys = new LinkedHashSet<>();
    root.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** The object under a key, to be read key by key like a file. */
  public Optional<ModelConfig> section(String key) {
    return value(key)
        .map(node -> {
          if (!(node instanceof ObjectNode object)) {
            throw wrongType(key, "an object", node);
          }
          return new ModelConfig(subject(key), object);
        });
  }

  /** What is under a key, of whatever type, as compact JSON. */
  public Optional<String> json(String key) {
    return value(key).map(JsonNode::toString);
  }

  /** How the key is named in a refusal. */
  public String subject(String key) {
    return file + " " + key;
  }

  private Optional<JsonNode> value(String key) {
    JsonNode node = root.get(key);
    return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
  }

  private int toInt(String key, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw wrongType(key, "an integer", node);
    }
    return node.intValue();
  }

  private CheckpointRefused wrongType(String key, String wanted, JsonNode node) {
    return new CheckpointRefused(subject(key), "must be " + wanted + ": " + node);
  }
}

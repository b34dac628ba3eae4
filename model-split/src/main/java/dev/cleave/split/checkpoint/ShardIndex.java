package dev.cleave.split.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cleave.split.error.MalformedCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** {@code model.safetensors.index.json}: which tensor lies in which shard of the same folder. */
final class ShardIndex {
  private static final int MAX_SHARDS = 4096;

  private final SortedMap<String, Path> shardByTensor;

  private ShardIndex(SortedMap<String, Path> shardByTensor) {
    this.shardByTensor = shardByTensor;
  }

  static ShardIndex read(Path index) {
    JsonNode map = JsonFile.readObject(index).get("weight_map");
    if (map == null || !map.isObject() || map.isEmpty()) {
      throw new MalformedCheckpoint(index.toString(), "has no weight_map");
    }
    Path folder = index.toAbsolutePath().getParent();
    SortedMap<String, Path> shards = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String name = entry.getValue().asText();
      if (!entry.getValue().isTextual()
          || !name.matches("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors")) {
        throw new MalformedCheckpoint(
            index.toString(),
            "places tensor " + entry.getKey() + " in " + entry.getValue() + ", no shard's name");
      }
      Path shard = folder == null ? Path.of(name) : folder.resolve(name);
      shards.put(entry.getKey(), shard);
    }
    ShardIndex result = new ShardIndex(shards);
    for (Path shard : result.shards()) {
      if (!Files.isRegularFile(shard)) {
        throw new MalformedCheckpoint(
            index.toString(), "names shard " + shard.getFileName() + ", which is not there");
      }
    }
    if (result.shards().size() > MAX_SHARDS) {
      throw new MalformedCheckpoint(
          index.toString(), "names " + result.shards().size() + " shards, more than " + MAX_SHARDS);
    }
    return result;
  }

  SortedSet<Path> shards() {
    return new TreeSet<>(shardByTensor.values());
  }

  SortedSet<String> names() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(shardByTensor.keySet()));
  }

  @Nullable Path shardOf(String name) {
    return shardByTensor.get(name);
  }
}

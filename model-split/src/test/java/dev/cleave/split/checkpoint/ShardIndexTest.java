package dev.cleave.split.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.TinyCheckpoint;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardIndexTest {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path folder;

  @Test
  void readsAllShards() {
    Path shards = new TinyCheckpoint("marian", folder.resolve("m")).writeShards();
    try (Weights weights = Weights.openFolder(shards)) {
      assertThat(weights.paths()).hasSize(2);
      assertThat(weights.names()).contains("final_logits_bias", "model.shared.weight");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "move, holds tensor",
    "add, lacks tensor",
    "remove, holds tensor",
    "escape, no shard's name",
    "absolute, no shard's name",
    "number, no shard's name",
    "absent, which is not there",
    "empty, has no weight_map",
  })
  void namesWhatALyingIndexSays(String lie, String message) {
    TinyCheckpoint checkpoint = new TinyCheckpoint("marian", folder.resolve("m"));
    Path shards = checkpoint.writeShards();
    checkpoint.json(
        INDEX,
        index -> {
          ObjectNode map = (ObjectNode) index.get("weight_map");
          String name = "final_logits_bias";
          switch (lie) {
            case "move" -> map.put(name, SECOND);
            case "add" -> map.put("ghost", FIRST);
            case "remove" -> map.remove(name);
            case "escape" -> map.put(name, "../" + FIRST);
            case "absolute" -> map.put(name, "/etc/passwd");
            case "number" -> map.put(name, 1);
            case "absent" -> map.put(name, "model-00003-of-00002.safetensors");
            default -> index.putObject("weight_map");
          }
        });
    assertThatThrownBy(() -> Weights.openFolder(shards))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining(message);
  }

  @Test
  void namesTheFormatsItDoesNotRead() throws IOException {
    assertThatThrownBy(() -> Weights.openFolder(folder))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("model.safetensors");
    Files.createFile(folder.resolve("pytorch_model.bin"));
    assertThatThrownBy(() -> Weights.openFolder(folder))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("pickled weights are not read");
  }
}

package dev.cleave.split.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FolderCheckpointTest {
  @TempDir Path folder;

  @BeforeEach
  void writeConfig() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"llama\"}");
  }

  private FolderCheckpoint open() {
    return FolderCheckpoint.open(folder);
  }

  private void tokenizerConfig(String json) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), json);
  }

  @Test
  void isNamedLikeItsFolder() {
    try (FolderCheckpoint checkpoint = open()) {
      assertThat(checkpoint.name()).isEqualTo(folder.getFileName().toString());
      assertThat(checkpoint.config().text("model_type")).contains("llama");
      assertThat(checkpoint.generation()).isEmpty();
      assertThat(checkpoint.calibration()).isEmpty();
      assertThat(checkpoint.chatTemplate()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"chat_template\":\"T\",\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}",
        "{\"chat_template\":\"T\",\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":{\"content\":\"</s>\"}}",
        "{\"chat_template\":[{\"name\":\"tool\",\"template\":\"U\"},{\"name\":\"default\",\"template\":\"T\"}],\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}",
      })
  void readsATemplateInEachOfItsForms(String json) throws IOException {
    tokenizerConfig(json);
    try (FolderCheckpoint checkpoint = open()) {
      assertThat(checkpoint.chatTemplate())
          .contains(new Checkpoint.ChatTemplate("T", "<s>", "</s>"));
    }
  }

  @Test
  void prefersTheTemplatesOwnFile() throws IOException {
    tokenizerConfig("{\"chat_template\":\"old\",\"bos_token\":null}");
    Files.writeString(folder.resolve("chat_template.jinja"), "new");
    try (FolderCheckpoint checkpoint = open()) {
      assertThat(checkpoint.chatTemplate()).contains(new Checkpoint.ChatTemplate("new", "", ""));
    }
  }

  @Test
  void hasNoTemplateWithoutADefaultOne() throws IOException {
    tokenizerConfig("{\"chat_template\":[{\"name\":\"tool\",\"template\":\"U\"}]}");
    try (FolderCheckpoint checkpoint = open()) {
      assertThat(checkpoint.chatTemplate()).isEqualTo(Optional.empty());
    }
  }

  @Test
  void refusesATemplateOfAnotherType() throws IOException {
    tokenizerConfig("{\"chat_template\": 7}");
    try (FolderCheckpoint checkpoint = open()) {
      assertThatThrownBy(checkpoint::chatTemplate)
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("chat_template");
    }
  }

  @Test
  void refusesATemplateThatIsTooLong() throws IOException {
    Files.writeString(folder.resolve("chat_template.jinja"), "x".repeat((1 << 20) + 1));
    try (FolderCheckpoint checkpoint = open()) {
      assertThatThrownBy(checkpoint::chatTemplate)
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("chat_template.jinja: has more than 1048576 bytes");
    }
  }

  @Test
  void saysWhatToDoWithoutATokenizer() {
    try (FolderCheckpoint checkpoint = open()) {
      assertThatThrownBy(checkpoint::tokenizer)
          .isInstanceOf(CheckpointRefused.class)
          .hasMessageContaining("save_pretrained");
    }
  }

  @Test
  void needsAConfig() throws IOException {
    Files.delete(folder.resolve("config.json"));
    assertThatThrownBy(this::open)
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("name the folder of a Hugging Face checkpoint");
  }
}

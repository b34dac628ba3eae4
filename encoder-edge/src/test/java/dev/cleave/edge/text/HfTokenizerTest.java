package dev.cleave.edge.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class HfTokenizerTest {
  static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void givesTheIdsAndTextsOfTheReference(String fixture) throws IOException {
    JsonNode cases =
        new ObjectMapper()
            .readTree(Fixtures.file(fixture, "expected.json").toFile())
            .get("tokenizer");
    assertThat(cases).isNotEmpty();
    try (HfTokenizer tokenizer = Fixtures.tokenizer(fixture)) {
      for (JsonNode expected : cases) {
        int[] ids = ints(expected.get("ids"));
        assertThat(tokenizer.encode(expected.get("text").asText())).isEqualTo(ids);
        assertThat(tokenizer.decode(ids)).isEqualTo(expected.get("decoded").asText());
      }
    }
  }

  @Test
  void doesNotTruncateLongText() {
    try (HfTokenizer tokenizer = Fixtures.tokenizer("bart")) {
      String text = "pain ".repeat(5000);
      assertThat(tokenizer.encode(text)).hasSizeGreaterThan(5000);
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }
  }

  @Test
  void refusesHalfACharacterAndTakesOddOnes() {
    try (HfTokenizer tokenizer = Fixtures.tokenizer("bart")) {
      assertThatThrownBy(() -> tokenizer.encode("pain \uD83D."))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("half a character");
      String odd = "a\0b \uFFFD \u200D 🙂";
      assertThat(tokenizer.decode(tokenizer.encode(odd))).isEqualTo(odd);
    }
  }

  @Test
  void keepsTheLibraryFromReportingToItsMakers() {
    try (HfTokenizer tokenizer = Fixtures.tokenizer("bart")) {
      assertThat(tokenizer.vocabulary()).isPositive();
      assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
      assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
    }
  }

  @Test
  void skipsIdsBeyondTheVocabulary() {
    try (HfTokenizer tokenizer = Fixtures.tokenizer("t5-v1.0-tied-relu")) {
      int beyond = tokenizer.vocabulary();
      int[] ids = tokenizer.encode("chest pain");
      int[] mixed =
          IntStream.concat(IntStream.of(beyond, beyond + 99), IntStream.of(ids)).toArray();
      assertThat(tokenizer.decode(mixed)).isEqualTo(tokenizer.decode(ids));
    }
  }

  @Test
  void namesTheFileThatIsNoTokenizer(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 1}");
    assertThatThrownBy(() -> HfTokenizer.open(file, Set.of()))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void failsInsteadOfCrashingAfterClose() {
    HfTokenizer tokenizer = Fixtures.tokenizer("bart");
    tokenizer.close();
    tokenizer.close();
    assertThatThrownBy(() -> tokenizer.encode("x"))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("closed");
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}

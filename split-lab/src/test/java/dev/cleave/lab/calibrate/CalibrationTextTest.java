package dev.cleave.lab.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTextTest {
  @TempDir Path folder;

  @Test
  void readsOneTextALine() throws IOException {
    CalibrationText text = CalibrationText.read(file("notes.txt", "first\r\n\n  \nsecond\n"));
    assertThat(text.texts())
        .extracting(CalibrationText.Text::note)
        .containsExactly("first", "second");
    assertThat(text.texts().getFirst().rightAnswer()).isEmpty();
    assertThat(text.sha256()).hasSize(64);
  }

  @Test
  void readsNotesWithAndWithoutAnswers() throws IOException {
    String lines =
        "{\"note\": \"a\", \"answer\": \"reason: x\\nsince: 3: days\"}\n{\"note\": \"b\"}\n";
    CalibrationText text = CalibrationText.read(file("notes.jsonl", lines));
    assertThat(text.texts().getFirst().rightAnswer())
        .isEqualTo(Map.of("reason", "x", "since", "3: days"));
    assertThat(text.texts().get(1).rightAnswer()).isEmpty();
  }

  @Test
  void namesTheLineThatIsWrongAndDoesNotQuoteIt() throws IOException {
    for (String line :
        new String[] {"{\"note\": \"secret", "{\"text\": \"secret\"}", "\"secret\""}) {
      Path file = file("bad.jsonl", "{\"note\": \"a\"}\n" + line + "\n");
      assertThatThrownBy(() -> CalibrationText.read(file))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("line 2")
          .message()
          .doesNotContain("secret");
    }
  }

  @Test
  void refusesFilesWithoutText() throws IOException {
    refuses(folder.resolve("none.txt"), "is not there");
    refuses(file("empty.txt", ""), "holds no text");
    refuses(file("blank.txt", "\n \n"), "holds no text");
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, "naïve".getBytes(StandardCharsets.ISO_8859_1));
    refuses(latin, "is not UTF-8");
  }

  private void refuses(Path file, String why) {
    assertThatThrownBy(() -> CalibrationText.read(file))
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(CleaveException.Code.INPUT))
        .hasMessageContaining(why);
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }
}

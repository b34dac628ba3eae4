package dev.cleave.edge.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class StreamingDetokenizerTest {
  static final List<String> FIXTURES = Fixtures.SEQ2SEQ;

  private static final String CHARACTERS =
      "naïve café — 東京 🙂 👩‍👩‍👧 Ünïcödé  two spaces\n\n   x ▁ end 🙂";

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void showsWholeCharactersOnly(String fixture) {
    try (HfTokenizer tokenizer = Fixtures.tokenizer(fixture)) {
      int[] ids = tokenizer.encode(CHARACTERS);
      List<String> pieces = pieces(tokenizer, ids);
      assertThat(pieces).noneMatch(piece -> piece.contains("\uFFFD"));
      assertThat(pieces).allMatch(StreamingDetokenizerTest::hasWholeSurrogates);
      assertThat(String.join("", pieces)).isEqualTo(tokenizer.decode(ids));
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void showsTextWithoutWaitingForTheEnd(String fixture) {
    try (HfTokenizer tokenizer = Fixtures.tokenizer(fixture)) {
      int[] ids = tokenizer.encode("Patient was admitted with chest pain.");
      List<String> pieces = pieces(tokenizer, ids);
      // The last piece is what finish() still held back.
      assertThat(pieces.getLast()).isEmpty();
      assertThat(pieces.stream().filter(piece -> !piece.isEmpty()).count()).isGreaterThan(8);
    }
  }

  @ParameterizedTest
  @FieldSource("FIXTURES")
  void concatenatesToTheWholeForRandomIds(String fixture) {
    try (HfTokenizer tokenizer = Fixtures.tokenizer(fixture)) {
      for (long seed = 0; seed < 60; seed++) {
        // Some ids are special, some beyond the vocabulary, and most byte sequences are no text.
        int[] ids = new SplittableRandom(seed).ints(70, 0, tokenizer.vocabulary() + 5).toArray();
        for (int length = 0; length <= ids.length; length += 7) {
          int[] prefix = Arrays.copyOf(ids, length);
          assertThat(String.join("", pieces(tokenizer, prefix)))
              .as("seed %d, %d tokens", seed, length)
              .isEqualTo(tokenizer.decode(prefix));
        }
      }
    }
  }

  @Test
  void holdsBackRunsOfBytePieces(@TempDir Path folder) throws IOException {
    try (HfTokenizer tokenizer = byteFallbackTokenizer(folder)) {
      // "▁hi", then the bytes of 東 (E6 9D B1), then "▁hi"
      int[] ids = {259, 0xE6, 0x9D, 0xB1, 259, 0xF0, 0x9F, 0x99, 0x82};
      List<String> pieces = pieces(tokenizer, ids);
      assertThat(tokenizer.decode(ids)).isEqualTo("hi東 hi🙂");
      assertThat(pieces).containsExactly("hi", "", "", "", "東 hi", "", "", "", "", "🙂");
    }
  }

  @Test
  void concatenatesToTheWholeForRandomBytePieces(@TempDir Path folder) throws IOException {
    try (HfTokenizer tokenizer = byteFallbackTokenizer(folder)) {
      for (long seed = 0; seed < 200; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] ids =
            random
                .ints(40, 0, 3)
                .map(kind -> kind == 0 ? random.nextInt(256, 262) : random.nextInt(256))
                .toArray();
        assertThat(String.join("", pieces(tokenizer, ids)))
            .as("seed %d", seed)
            .isEqualTo(tokenizer.decode(ids));
      }
    }
  }

  /** What each push gives, and last what finish gives. */
  private static List<String> pieces(HfTokenizer tokenizer, int[] ids) {
    StreamingDetokenizer detokenizer = tokenizer.detokenizer();
    List<String> pieces = new ArrayList<>();
    for (int id : ids) {
      pieces.add(detokenizer.push(id));
    }
    pieces.add(detokenizer.finish());
    return pieces;
  }

  private static boolean hasWholeSurrogates(String piece) {
    return piece.isEmpty()
        || !(Character.isLowSurrogate(piece.charAt(0))
            || Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
  }

  /** A tokenizer of the Llama kind: pieces 0 to 255 are bytes, then a few words. */
  private static HfTokenizer byteFallbackTokenizer(Path folder) throws IOException {
    StringBuilder vocabulary = new StringBuilder();
    for (int value = 0; value < 256; value++) {
      vocabulary.append("\"<0x%02X>\": %d, ".formatted(value, value));
    }
    vocabulary.append(
        "\"<unk>\": 256, \"h\": 257, \"i\": 258, \"▁hi\": 259, \"▁\": 260, \"▁▁\": 261");
    String json =
        """
        {"version": "1.0", "truncation": null, "padding": null,
         "added_tokens": [{"id": 256, "content": "<unk>", "single_word": false, "lstrip": false,
                           "rstrip": false, "normalized": false, "special": true}],
         "normalizer": null, "pre_tokenizer": null, "post_processor": null,
         "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
         "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
            "byte_fallback": true, "ignore_merges": false, "vocab": {%s}, "merges": []}}
        """
            .formatted(vocabulary);
    return HfTokenizer.open(Files.writeString(folder.resolve("tokenizer.json"), json), Set.of());
  }
}

package dev.cleave.split.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.split.checkpoint.gguf.format.GgufBuilder;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufMetadata;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerJsonTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Path MODEL =
      Path.of(System.getenv().getOrDefault("CLEAVE_MODELS", "absent"), "smollm2-135m-instruct");

  private static final String HALVES = "ﬁ ligature, Ⅷ roman, ½ fraction, ² superscript";
  private static final String TWO_BLANKS = "total:  45";

  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "Hello, world!",
          "The quick brown fox jumps over the lazy dog.",
          "I'm sure it's what they'd do; we've said you'll see. DON'T SHOUT, IT'S LATE.",
          "naïve café, Ærøskøbing, Straße, 100 % señor",
          "e\u0301 decomposed, é composed",
          "数学は楽しい。人工知能とは何ですか?",
          "Привет, как дела? Всё хорошо.",
          "مرحبا بالعالم",
          "नमस्ते दुनिया",
          "안녕하세요 세계",
          "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 family",
          "1 22 333 4444 55555 3.14159 1,000,000 0x1F 1e-9",
          "v1.2.3-rc4, tel. +49 30 1234-5678, 2026-11-21T11:33:12Z",
          "a b  c   d    e     f",
          "tabs\tand\t\ttabs",
          "trailing spaces   ",
          "   leading spaces",
          "line\nline\n\nline\n\n\nline",
          "windows\r\nlines\r\n\r\n",
          "def f(x):\n    return x ** 2  # square\n\n\nclass A:\n\tpass\n",
          "public static void main(String[] args) { System.out.println(\"hi\\n\"); }",
          "SELECT * FROM t WHERE a <> 'b' -- comment",
          "<html><body class=\"x\">&nbsp;</body></html>",
          "{\"key\": [true, false, null, {\"n\": -12}]}",
          "https://example.org/a/b?c=d&e=%20#f",
          "user.name+tag@example.co.uk",
          "$x^2 + y_1 = \\frac{1}{2}$",
          "C++ && || != <= >= -> => :: ... ___ ---",
          "UPPER lower MiXeD camelCase snake_case kebab-case",
          "supercalifragilisticexpialidocious antidisestablishmentarianism",
          "\u00A0nbsp\u2003em space\u3000ideographic",
          "zero\u200Bwidth\u200Djoiner",
          "\u0000\u0001\u001F control",
          "\uFEFFbyte order mark",
          HALVES,
          TWO_BLANKS,
          "١٢٣ arabic digits, १२३ devanagari",
          "\"quotes\" 'single' „low“ «guillemets» ‚x‘",
          "ellipsis… dash – dash — bullet •",
          "a<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
          "<|endoftext|><|endoftext|> x <|im_end",
          "The patient, 45 y/o, BP 120/80 mmHg, took 2×500 mg.",
          "IBAN DE89 3704 0044 0532 0130 00",
          "ACGTACGTTAGC",
          "zz zzz buzz",
          "-1 - 1 --1",
          "''' \"\"\" ``` ~~~",
          "😀😀😀",
          "x".repeat(300),
          "word ".repeat(120));

  private final Path path = Path.of("tiny.gguf");

  @BeforeAll
  static void keepsTheLibraryQuiet() {
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
  }

  private GgufMetadata metadata(GgufBuilder builder) {
    return GgufFile.parse(path, MemorySegment.ofArray(builder.bytes())).metadata();
  }

  private GgufBuilder tiny(String pre) {
    GgufBuilder builder = new GgufBuilder();
    TinyVocabulary.write(builder, pre);
    return builder;
  }

  private static HuggingFaceTokenizer load(byte[] json) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
  }

  private static String[] tokens(byte[] json, String text) throws IOException {
    try (HuggingFaceTokenizer tokenizer = load(json)) {
      return tokenizer.encode(text, true, false).getTokens();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gpt-2     | 12345   | 1234 5",
        "smollm    | 12345   | 1 2 3 4 5",
        "llama-bpe | 12345   | 123 4 5",
        "qwen2     | 12345   | 1 2 3 4 5",
        "gpt-2     | '  1'   | Ġ Ġ1",
        "smollm    | '  1'   | ĠĠ 1",
        "llama-bpe | '  1'   | Ġ Ġ 1",
        "qwen2     | '  1'   | Ġ Ġ 1",
        "gpt-2     | N.N.b   | N Ċ Ċ b",
        "smollm    | N.N.b   | N Ċ Ċ b",
        "llama-bpe | N.N.b   | N ĊĊ b",
        "qwen2     | N.N.b   | N ĊĊ b",
        "gpt-2     | N!T     | N ' T",
        "smollm    | N!T     | N ' T",
        "llama-bpe | N!T     | N 'T",
        "qwen2     | N!T     | N 'T",
        "gpt-2     | zz      | z z",
        "llama-bpe | zz      | zz",
        "qwen2     | zz      | z z",
        "gpt-2     | a<think>b</s> | a <think> b </s>",
        "llama-bpe | a<think>b</s> | a <think> b </s>",
      })
  void cutsTextsAsTheModelsDo(String pre, String text, String tokens) throws IOException {
    String real = text.equals("N.N.b") ? "N\n\nb" : text.replace('!', '\'');
    byte[] json = TokenizerJson.of(metadata(tiny(pre).flag("tokenizer.ggml.add_bos_token", false)));
    assertThat(tokens(json, real)).containsExactly(tokens.split(" "));
  }

  @Test
  void composesLettersForQwen2Alone() throws IOException {
    String decomposed = "e\u0301";
    assertThat(tokens(TokenizerJson.of(metadata(tiny("qwen2"))), decomposed))
        .containsExactly("Ã", "©");
    assertThat(tokens(TokenizerJson.of(metadata(tiny("gpt-2"))), decomposed))
        .containsExactly("e", "Ì", "ģ");
  }

  @Test
  void addsWhatTheFileSaysOrElseWhatTheKindDoes() throws IOException {
    assertThat(tokens(TokenizerJson.of(metadata(tiny("llama-bpe"))), "a"))
        .containsExactly("<s>", "a");
    GgufBuilder both =
        tiny("gpt-2")
            .flag("tokenizer.ggml.add_bos_token", true)
            .flag("tokenizer.ggml.add_eos_token", true);
    assertThat(tokens(TokenizerJson.of(metadata(both)), "a")).containsExactly("<s>", "a", "</s>");
    assertThat(tokens(TokenizerJson.of(metadata(tiny("smollm"))), "a")).containsExactly("a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2"})
  void givesEveryTextBack(String pre) throws IOException {
    byte[] json = TokenizerJson.of(metadata(tiny(pre)));
    try (HuggingFaceTokenizer tokenizer = load(json)) {
      for (String text : TEXTS) {
        Encoding encoding = tokenizer.encode(text, false, false);
        String expected = pre.equals("qwen2") ? text.replace("e\u0301", "é") : text;
        assertThat(tokenizer.decode(encoding.getIds(), false)).isEqualTo(expected);
      }
    }
  }

  @Test
  void refusesVocabulariesThatDoNotFit() {
    GgufBuilder twice = new GgufBuilder().text("tokenizer.ggml.model", "gpt2");
    twice.text("tokenizer.ggml.pre", "gpt-2").texts("tokenizer.ggml.tokens", List.of("a", "a"));
    assertThatThrownBy(() -> TokenizerJson.of(metadata(twice)))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("token_type: 0 types for 2 tokens");
    twice.i32s("tokenizer.ggml.token_type", List.of(1, 1));
    assertThatThrownBy(() -> TokenizerJson.of(metadata(twice)))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("token 1 equals an earlier one");
    GgufBuilder merges = new GgufBuilder().text("tokenizer.ggml.model", "gpt2");
    merges.text("tokenizer.ggml.pre", "gpt-2").texts("tokenizer.ggml.tokens", List.of("a", "b"));
    merges.i32s("tokenizer.ggml.token_type", List.of(1, 5));
    merges.texts("tokenizer.ggml.merges", List.of("a b"));
    assertThatThrownBy(() -> TokenizerJson.of(metadata(merges)))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("texts that are no tokens");
    assertThatThrownBy(() ->
            TokenizerJson.of(metadata(new GgufBuilder().text("tokenizer.ggml.model", "llama"))))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("tokenizer.ggml.model: llama is not read, only gpt2");
  }

  /**
   * The file beside the model was made by transformers, which knows nothing of this pre-tokenizer
   * and keeps digits with the spaces before them. All but that must be equal, and so the ids of all
   * texts but those where it shows: "½" is a digit, too.
   */
  @Test
  void makesTheTokenizerOfARealModel() throws IOException {
    assumeTrue(Files.isDirectory(MODEL), "CLEAVE_MODELS names no folder of models");
    byte[] made;
    try (GgufCheckpoint checkpoint = GgufCheckpoint.open(MODEL.resolve("model-q4_1.gguf"))) {
      made = checkpoint.tokenizer();
    }
    byte[] reference = Files.readAllBytes(MODEL.resolve("tokenizer.json"));
    JsonNode ours = MAPPER.readTree(made);
    JsonNode theirs = MAPPER.readTree(reference);
    for (String part : List.of("/added_tokens", "/model", "/normalizer")) {
      assertThat(ours.at(part).equals(theirs.at(part))).as(part).isTrue();
    }
    assertThat(ours.at("/pre_tokenizer/pretokenizers/0/individual_digits").asBoolean()).isTrue();
    List<String> differ = new ArrayList<>();
    try (HuggingFaceTokenizer a = load(made);
        HuggingFaceTokenizer b = load(reference)) {
      for (String text : TEXTS) {
        if (!List.of(ids(a, text)).equals(List.of(ids(b, text)))) {
          differ.add(text);
        }
      }
      for (JsonNode prompt :
          MAPPER.readTree(MODEL.resolve("expected.json").toFile()).get("prompts")) {
        Long[] expected =
            StreamSupport.stream(prompt.get("input_ids").spliterator(), false)
                .map(JsonNode::asLong)
                .toArray(Long[]::new);
        assertThat(ids(a, prompt.get("templated").asText())).containsExactly(expected);
      }
    }
    assertThat(differ).containsExactly(HALVES, TWO_BLANKS);
  }

  private static Long[] ids(HuggingFaceTokenizer tokenizer, String text) {
    return LongStream.of(tokenizer.encode(text, true, false).getIds()).boxed().toArray(Long[]::new);
  }
}

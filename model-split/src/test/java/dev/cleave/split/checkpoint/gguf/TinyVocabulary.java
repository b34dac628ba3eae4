package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.gguf.format.GgufBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * A byte-level vocabulary: {@code <s>}, {@code </s>}, a user's {@code <think>}, the 256 bytes in
 * the letters of GPT-2, a few merges that tell one pre-tokenizer from another, and {@code zz},
 * which no merge makes.
 */
public final class TinyVocabulary {
  /** All tokens. */
  public static final int SIZE = 267;

  private TinyVocabulary() {}

  /** Adds it to a file. */
  public static void write(GgufBuilder builder, String pre) {
    List<String> tokens = new ArrayList<>(List.of("<s>", "</s>", "<think>"));
    List<Integer> types = new ArrayList<>(List.of(3, 3, 4));
    for (int value = 0; value < 256; value++) {
      tokens.add(letter(value));
      types.add(1);
    }
    List<String> merges = List.of("1 2", "12 3", "123 4", "Ġ Ġ", "Ġ 1", "Ċ Ċ", "' T");
    for (String merge : merges) {
      tokens.add(merge.replace(" ", ""));
      types.add(1);
    }
    tokens.add("zz");
    types.add(1);
    builder.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", pre);
    builder.texts("tokenizer.ggml.tokens", tokens).i32s("tokenizer.ggml.token_type", types);
    builder.texts("tokenizer.ggml.merges", merges);
    builder.u32("tokenizer.ggml.bos_token_id", 0).u32("tokenizer.ggml.eos_token_id", 1);
    builder.text("tokenizer.chat_template", "{{ bos_token }}{{ messages[0]['content'] }}");
  }

  /** Printable bytes stand for themselves, the others for the letters from U+0100. */
  private static String letter(int value) {
    int next = 256;
    for (int b = 0; b < value; b++) {
      next += isPrintable(b) ? 0 : 1;
    }
    return Character.toString(isPrintable(value) ? value : next);
  }

  private static boolean isPrintable(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
  }
}

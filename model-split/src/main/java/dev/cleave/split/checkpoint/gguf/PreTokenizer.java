package dev.cleave.split.checkpoint.gguf;

import dev.cleave.split.checkpoint.gguf.format.GgufMetadata;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How a text is cut into words before BPE, by {@code tokenizer.ggml.pre}: each the parts of the
 * {@code tokenizer.json} that models of that kind are published with.
 */
enum PreTokenizer {
  GPT2("gpt-2", "null", PreTokenizer.BYTE_LEVEL, false),
  SMOLLM("smollm", "null", PreTokenizer.SINGLE_DIGITS, false),
  LLAMA3("llama-bpe", "null", PreTokenizer.words("{1,3}"), true),
  QWEN2("qwen2", "{\"type\":\"NFC\"}", PreTokenizer.words(""), false);

  /** Words by the regular expression of GPT-2, bytes as letters; the decoder as well. */
  static final String BYTE_LEVEL =
      "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";

  private static final String SINGLE_DIGITS =
      "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true},"
          + BYTE_LEVEL
          + "]}";

  private final String ggufName;
  private final String normalizer;
  private final String json;
  private final boolean llama3;

  PreTokenizer(String ggufName, String normalizer, String json, boolean llama3) {
    this.ggufName = ggufName;
    this.normalizer = normalizer;
    this.json = json;
    this.llama3 = llama3;
  }

  /** That of a file. */
  static PreTokenizer of(GgufMetadata metadata) {
    String modelKey = "tokenizer.ggml.model";
    String model = metadata.text(modelKey).orElse("missing");
    if (!model.equals("gpt2")) {
      throw metadata.refused(
          modelKey, model + " is not read, only gpt2; put the model's tokenizer.json beside it");
    }
    String key = "tokenizer.ggml.pre";
    String name = metadata.text(key).orElse("missing");
    for (PreTokenizer preTokenizer : values()) {
      if (preTokenizer.ggufName.equals(name)) {
        return preTokenizer;
      }
    }
    String known =
        Arrays.stream(values()).map(each -> each.ggufName).collect(Collectors.joining(", "));
    throw metadata.refused(
        key,
        name + " is not read, only " + known + "; put the model's tokenizer.json beside the file");
  }

  /** {@code normalizer} of the tokenizer.json. */
  String normalizer() {
    return normalizer;
  }

  /** {@code pre_tokenizer} of the tokenizer.json. */
  String json() {
    return json;
  }

  /** Whether a word that is a token is not put together by merges. */
  boolean ignoresMerges() {
    return llama3;
  }

  /** Whether a text starts with the bos token, where the file says nothing. */
  boolean addsBos() {
    return llama3;
  }

  /** The expression of Llama 3 and Qwen2, which differ in how many digits stay together. */
  private static String words(String digits) {
    String regex =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}"
            + digits
            + "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";
    return "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\""
        + regex
        + "\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\","
        + "\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}]}";
  }
}

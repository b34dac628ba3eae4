package dev.cleave.split.checkpoint.gguf;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cleave.split.checkpoint.gguf.format.GgufMetadata;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Makes a {@code tokenizer.json} of the vocabulary of a GGUF file: byte-level BPE with the
 * pre-tokenizers whose Hugging Face originals are known.
 */
final class TokenizerJson {
  static final String TOKENS = "tokenizer.ggml.tokens";

  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  /** Rows of the embedding that no text leads to: {@code [PAD151936]} and so on. */
  private static final int UNUSED = 5;

  private static final JsonMapper MAPPER = new JsonMapper();

  private final GgufMetadata metadata;
  private final PreTokenizer preTokenizer;
  private final List<String> tokens;
  private final int[] types;
  private final Set<String> vocabulary;

  private TokenizerJson(GgufMetadata metadata) {
    this.metadata = metadata;
    this.preTokenizer = PreTokenizer.of(metadata);
    this.tokens = metadata.texts(TOKENS);
    int[] written = metadata.integers(TYPES);
    if (tokens.isEmpty()) {
      throw metadata.refused(TOKENS, "missing");
    }
    if (written == null || written.length != tokens.size()) {
      throw metadata.refused(
          TYPES,
          (written == null ? 0 : written.length) + " types for " + tokens.size() + " tokens");
    }
    this.types = written;
    this.vocabulary = new HashSet<>();
    for (int id = 0; id < types.length; id++) {
      if (types[id] != UNUSED && !vocabulary.add(tokens.get(id))) {
        throw metadata.malformed(TOKENS, "token " + id + " equals an earlier one");
      }
    }
  }

  /**
   * The bytes of a {@code tokenizer.json}.
   *
   * @throws dev.cleave.split.error.CheckpointRefused when the vocabulary is of another kind
   */
  static byte[] of(GgufMetadata metadata) {
    return new TokenizerJson(metadata).write();
  }

  private byte[] write() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      json.writeNullField("truncation");
      json.writeNullField("padding");
      writeAddedTokens(json);
      json.writeFieldName("normalizer");
      json.writeRawValue(preTokenizer.normalizer());
      json.writeFieldName("pre_tokenizer");
      json.writeRawValue(preTokenizer.json());
      writePostProcessor(json);
      json.writeFieldName("decoder");
      json.writeRawValue(PreTokenizer.BYTE_LEVEL);
      writeModel(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private void writeAddedTokens(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (int id = 0; id < types.length; id++) {
      if (types[id] == CONTROL || types[id] == USER_DEFINED) {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", tokens.get(id));
        for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
          json.writeBooleanField(flag, false);
        }
        json.writeBooleanField("special", types[id] == CONTROL);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  /** What llama.cpp adds to a text. */
  private void writePostProcessor(JsonGenerator json) throws IOException {
    boolean bos = metadata.flag("tokenizer.ggml.add_bos_token").orElse(preTokenizer.addsBos());
    boolean eos = metadata.flag("tokenizer.ggml.add_eos_token").orElse(false);
    json.writeObjectFieldStart("post_processor");
    if (!bos && !eos) {
      json.writeStringField("type", "ByteLevel");
      json.writeBooleanField("add_prefix_space", true);
      json.writeBooleanField("trim_offsets", false);
      json.writeBooleanField("use_regex", true);
      json.writeEndObject();
      return;
    }
    json.writeStringField("type", "TemplateProcessing");
    writeTemplate(json, "single", bos, eos, List.of("A"));
    writeTemplate(json, "pair", bos, eos, List.of("A", "B"));
    json.writeObjectFieldStart("special_tokens");
    Set<Integer> ids = new HashSet<>();
    if (bos) {
      ids.add(special("bos"));
    }
    if (eos) {
      ids.add(special("eos"));
    }
    for (int id : ids) {
      json.writeObjectFieldStart(tokens.get(id));
      json.writeStringField("id", tokens.get(id));
      json.writeArrayFieldStart("ids");
      json.writeNumber(id);
      json.writeEndArray();
      json.writeArrayFieldStart("tokens");
      json.writeString(tokens.get(id));
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void writeTemplate(
      JsonGenerator json, String name, boolean bos, boolean eos, List<String> sequences)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (int i = 0; i < sequences.size(); i++) {
      if (bos) {
        writePiece(json, "SpecialToken", tokens.get(special("bos")), i);
      }
      writePiece(json, "Sequence", sequences.get(i), i);
      if (eos) {
        writePiece(json, "SpecialToken", tokens.get(special("eos")), i);
      }
    }
    json.writeEndArray();
  }

  private static void writePiece(JsonGenerator json, String kind, String id, int sequence)
      throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart(kind);
    json.writeStringField("id", id);
    json.writeNumberField("type_id", sequence);
    json.writeEndObject();
    json.writeEndObject();
  }

  private int special(String which) {
    String key = "tokenizer.ggml." + which + "_token_id";
    OptionalInt id = metadata.integer(key);
    if (id.isEmpty()
        || id.getAsInt() < 0
        || id.getAsInt() >= tokens.size()
        || types[id.getAsInt()] == UNUSED) {
      throw metadata.refused(key, "must be a token, as it is added to every text: " + id);
    }
    return id.getAsInt();
  }

  private void writeModel(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    json.writeNullField("dropout");
    json.writeNullField("unk_token");
    json.writeStringField("continuing_subword_prefix", "");
    json.writeStringField("end_of_word_suffix", "");
    json.writeBooleanField("fuse_unk", false);
    json.writeBooleanField("byte_fallback", false);
    json.writeBooleanField("ignore_merges", preTokenizer.ignoresMerges());
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < types.length; id++) {
      if (types[id] != UNUSED) {
        json.writeNumberField(tokens.get(id), id);
      }
    }
    json.writeEndObject();
    json.writeArrayFieldStart("merges");
    for (String merge : metadata.texts(MERGES)) {
      // The left part may start with a space only in theory: byte-level tokens have none.
      int space = merge.indexOf(' ', 1);
      String left = space < 0 ? merge : merge.substring(0, space);
      String right = space < 0 ? "" : merge.substring(space + 1);
      if (!vocabulary.contains(left)
          || !vocabulary.contains(right)
          || !vocabulary.contains(left + right)) {
        throw metadata.malformed(MERGES, "a merge is of texts that are no tokens");
      }
      json.writeStartArray();
      json.writeString(left);
      json.writeString(right);
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}

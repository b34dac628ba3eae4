package dev.cleave.split.family;

import dev.cleave.split.block.DecodingSpec;
import dev.cleave.split.checkpoint.ModelConfig;
import dev.cleave.split.error.CheckpointRefused;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * Reads {@code generation_config.json}, or {@code config.json} where older checkpoints keep the
 * same keys.
 *
 * <p>What changes the choice of tokens and can be done is done (forced and suppressed ids); what
 * cannot is written down as a note of the bundle, since decoding is greedy or sampled here.
 */
final class GenerationReader {
  private final ModelConfig config;
  private final Optional<ModelConfig> generation;

  GenerationReader(ModelConfig config, Optional<ModelConfig> generation) {
    this.config = config;
    this.generation = generation;
  }

  /**
   * The ids.
   *
   * @param vocabulary all ids are below
   * @param familyStart the family's start token, where the config may leave it out
   * @param familyForcedEos the family's forced last token, where a config that is older than
   *     generation_config.json may leave it out
   */
  Generation read(int vocabulary, OptionalInt familyStart, OptionalInt familyForcedEos) {
    // generation_config.json alone decides where there is one; ids that it leaves out and without
    // which nothing can be decoded come from config.json.
    ModelConfig source = generation.orElse(config);
    int start = firstOf(familyStart, "decoder_start_token_id", "decoder_start_token_id");
    List<Integer> eos = eosTokenIds(source);
    OptionalInt forcedBos = single(source, "forced_bos_token_id");
    OptionalInt forcedEos = single(source, "forced_eos_token_id");
    if (generation.isEmpty() && !config.mentions("forced_eos_token_id")) {
      forcedEos = familyForcedEos;
    }
    DecodingSpec decoding = new DecodingSpec(start, eos, forcedBos, forcedEos, suppressed(source));
    checkIds(source, decoding, vocabulary);
    OptionalInt pad = source.integer("pad_token_id");
    return new Generation(
        decoding,
        pad.isPresent() ? pad : config.integer("pad_token_id"),
        defaultMaxNewTokens(source),
        notes(source));
  }

  /**
   * What a decoder-only checkpoint says.
   *
   * @param vocabulary ids that end an answer are below; others that are not mean nothing
   */
  CausalGeneration readCausal(int vocabulary) {
    ModelConfig source = generation.orElse(config);
    List<Integer> eos = eosTokenIds(source);
    for (int id : eos) {
      if (id < 0 || id >= vocabulary) {
        throw new CheckpointRefused(
            source.subject("eos_token_id"),
            "token id " + id + " is not below the vocabulary's " + vocabulary);
      }
    }
    TreeSet<Integer> hidden = new TreeSet<>();
    for (String key : List.of("bos_token_id", "pad_token_id")) {
      hidden.addAll(source.integers(key));
      hidden.addAll(config.integers(key));
    }
    // Early Llamas write -1 for "no padding".
    hidden.removeIf(id -> id < 0 || id >= vocabulary);
    OptionalInt tokens = source.integer("max_new_tokens");
    List<String> notes = notes(source);
    if (!suppressed(source).isEmpty()) {
      notes.add("suppress_tokens and bad_words_ids are not applied");
    }
    if (source.flag("do_sample").orElse(false)) {
      notes.add(
          "do_sample: the checkpoint suggests temperature "
              + source.number("temperature", 1)
              + ", top_p "
              + source.number("top_p", 1)
              + "; decoding is greedy unless asked");
    }
    return new CausalGeneration(
        eos,
        List.copyOf(hidden),
        tokens.isPresent() && tokens.getAsInt() > 0 ? tokens : OptionalInt.empty(),
        notes);
  }

  private List<Integer> eosTokenIds(ModelConfig source) {
    List<Integer> eos = source.integers("eos_token_id");
    if (eos.isEmpty()) {
      eos = config.integers("eos_token_id");
    }
    if (eos.isEmpty()) {
      throw new CheckpointRefused(
          source.subject("eos_token_id"), "missing: an answer would never end");
    }
    return eos;
  }

  private int firstOf(OptionalInt family, String key, String fallbackKey) {
    OptionalInt id = generation.map(g -> g.integer(key)).orElse(OptionalInt.empty());
    if (id.isEmpty()) {
      id = config.integer(fallbackKey);
    }
    if (id.isEmpty()) {
      id = family;
    }
    return id.orElseThrow(
        () -> new CheckpointRefused(config.subject(key), "missing: decoding has no first token"));
  }

  private static OptionalInt single(ModelConfig source, String key) {
    List<Integer> ids = source.integers(key);
    if (ids.size() > 1) {
      throw new CheckpointRefused(source.subject(key), "more than one id is not done: " + ids);
    }
    return ids.isEmpty() ? OptionalInt.empty() : OptionalInt.of(ids.getFirst());
  }

  private static List<Integer> suppressed(ModelConfig source) {
    TreeSet<Integer> ids = new TreeSet<>(source.integers("suppress_tokens"));
    for (List<Integer> word : source.integerLists("bad_words_ids")) {
      if (word.size() == 1) {
        ids.add(word.getFirst());
      }
    }
    return List.copyOf(ids);
  }

  private static void checkIds(ModelConfig source, DecodingSpec decoding, int vocabulary) {
    try {
      List<Integer> all = new ArrayList<>(decoding.eosTokenIds());
      all.add(decoding.startTokenId());
      all.addAll(decoding.suppressedTokenIds());
      decoding.forcedBosTokenId().ifPresent(all::add);
      decoding.forcedEosTokenId().ifPresent(all::add);
      for (int id : all) {
        if (id < 0 || id >= vocabulary) {
          throw new IllegalArgumentException(
              "token id " + id + " is not below the vocabulary's " + vocabulary);
        }
      }
    } catch (IllegalArgumentException e) {
      throw new CheckpointRefused(source.subject("token ids"), String.valueOf(e.getMessage()));
    }
  }

  private static OptionalInt defaultMaxNewTokens(ModelConfig source) {
    OptionalInt tokens = source.integer("max_new_tokens");
    if (tokens.isEmpty()) {
      // max_length counts the start token.
      tokens = source.integer("max_length");
      tokens = tokens.isPresent() ? OptionalInt.of(tokens.getAsInt() - 1) : tokens;
    }
    return tokens.isPresent() && tokens.getAsInt() > 0 ? tokens : OptionalInt.empty();
  }

  private static List<String> notes(ModelConfig source) {
    List<String> notes = new ArrayList<>();
    int beams = source.integer("num_beams").orElse(1);
    if (beams > 1) {
      notes.add("num_beams " + beams + ": beam search is not done, decoding is greedy");
    }
    if (source.integer("no_repeat_ngram_size").orElse(0) > 0) {
      notes.add("no_repeat_ngram_size is not applied");
    }
    if (source.integer("min_length").orElse(0) > 0 || source.has("min_new_tokens")) {
      notes.add("min_length is not applied");
    }
    if (source.number("repetition_penalty", 1) != 1
        || source.number("encoder_repetition_penalty", 1) != 1) {
      notes.add("repetition_penalty is not applied");
    }
    if (!source.integers("begin_suppress_tokens").isEmpty()) {
      notes.add("begin_suppress_tokens is not applied");
    }
    if (source.integerLists("bad_words_ids").stream().anyMatch(word -> word.size() != 1)) {
      notes.add("bad_words_ids of more than one token are not applied");
    }
    return notes;
  }
}

package dev.cleave.split;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.checkpoint.Checkpoint.ChatTemplate;
import dev.cleave.split.family.CausalModel;
import dev.cleave.split.family.Seq2SeqModel;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** {@code device/generation.json}: what the device must know to ask for and to show an answer. */
final class GenerationJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private GenerationJson() {}

  static byte[] write(Seq2SeqModel model, int defaultMaxNewTokens) {
    ObjectNode root = start(model.spec().architecture(), defaultMaxNewTokens);
    root.put("vocabulary", model.spec().head().vocabulary());
    List<Integer> eos = model.generation().decoding().eosTokenIds();
    Set<Integer> skip = new TreeSet<>(eos);
    skip.add(model.generation().decoding().startTokenId());
    model.generation().padTokenId().ifPresent(skip::add);
    model.generation().decoding().forcedBosTokenId().ifPresent(skip::add);
    return bytes(ids(root, eos, skip));
  }

  /** Where there is a chat template, with the texts of the tokens that it may name. */
  static byte[] write(CausalModel model, int defaultMaxNewTokens, Optional<ChatTemplate> chat) {
    ObjectNode root = start(model.spec().architecture(), defaultMaxNewTokens);
    root.put("vocabulary", model.spec().head().vocabulary());
    List<Integer> eos = model.generation().eosTokenIds();
    Set<Integer> skip = new TreeSet<>(eos);
    skip.addAll(model.generation().hiddenTokenIds());
    ids(root, eos, skip);
    chat.ifPresent(template ->
        root.putObject("chat")
            .put("bosToken", template.bosToken())
            .put("eosToken", template.eosToken()));
    return bytes(root);
  }

  private static ObjectNode start(String architecture, int defaultMaxNewTokens) {
    return MAPPER
        .createObjectNode()
        .put("format", 1)
        .put("architecture", architecture)
        .put("defaultMaxNewTokens", defaultMaxNewTokens);
  }

  private static ObjectNode ids(ObjectNode root, List<Integer> eos, Set<Integer> skip) {
    eos.forEach(root.putArray("eosTokenIds")::add);
    skip.forEach(root.putArray("skipTokenIds")::add);
    return root;
  }

  private static byte[] bytes(ObjectNode root) {
    try {
      String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}

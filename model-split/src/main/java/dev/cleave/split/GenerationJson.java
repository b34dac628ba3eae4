package dev.cleave.split;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.family.FamilyModel;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;

/** {@code device/generation.json}: what the device must know to ask for and to show an answer. */
final class GenerationJson {
  private GenerationJson() {}

  static byte[] write(FamilyModel model, int defaultMaxNewTokens) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("format", 1);
    root.put("architecture", model.spec().architecture());
    root.put("defaultMaxNewTokens", defaultMaxNewTokens);
    root.put("vocabulary", model.spec().head().vocabulary());
    List<Integer> eos = model.generation().decoding().eosTokenIds();
    eos.forEach(root.putArray("eosTokenIds")::add);
    TreeSet<Integer> skip = new TreeSet<>(eos);
    skip.add(model.generation().decoding().startTokenId());
    model.generation().padTokenId().ifPresent(skip::add);
    model.generation().decoding().forcedBosTokenId().ifPresent(skip::add);
    skip.forEach(root.putArray("skipTokenIds")::add);
    try {
      String text = mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}

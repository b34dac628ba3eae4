package dev.cleave.split.block;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.error.MalformedBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code server/decoder.json}: a {@link DecoderSpec} as JSON, the same bytes for the same
 * description. Stateless and thread-safe.
 */
public final class DecoderJson {
  private static final int MAX_BYTES = 1 << 20;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private DecoderJson() {}

  /** The description as indented UTF-8 JSON. */
  public static byte[] write(DecoderSpec spec) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("format", 1);
    root.put("architecture", spec.architecture());
    root.set("stack", stack(spec.stack()));
    root.set("head", head(spec.head()));
    DecodingSpec decoding = spec.decoding();
    root.put("decoderStartTokenId", decoding.startTokenId());
    ints(root.putArray("eosTokenIds"), decoding.eosTokenIds());
    decoding.forcedBosTokenId().ifPresent(id -> root.put("forcedBosTokenId", id));
    decoding.forcedEosTokenId().ifPresent(id -> root.put("forcedEosTokenId", id));
    ints(root.putArray("suppressedTokenIds"), decoding.suppressedTokenIds());
    try {
      String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads and validates.
   *
   * @throws MalformedBundle when the file is not there, not JSON, too large, or says what a
   *     description may not say
   */
  public static DecoderSpec read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new MalformedBundle(file.toString(), "larger than " + MAX_BYTES + " bytes");
      }
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new MalformedBundle(file.toString(), "cannot be read: " + e.getMessage(), e);
    }
  }

  /** As {@link #read}, from bytes; {@code subject} names them in errors. */
  public static DecoderSpec parse(byte[] json, String subject) {
    try {
      return SpecReader.decoder(MAPPER.readTree(json), subject);
    } catch (IOException e) {
      throw new MalformedBundle(subject, "not JSON; split the checkpoint again", e);
    } catch (IllegalArgumentException e) {
      throw new MalformedBundle(subject, e.getMessage() + "; split the checkpoint again", e);
    }
  }

  static ObjectNode stack(StackSpec stack) {
    ObjectNode node = MAPPER.createObjectNode();
    node.put("width", stack.width());
    node.put("layers", stack.layers());
    EmbeddingSpec embedding = stack.embedding();
    ObjectNode embed = node.putObject("embedding");
    embed.put("vocabulary", embedding.vocabulary());
    embed.put("scale", embedding.scale());
    switch (embedding.positions()) {
      case EmbeddingSpec.NoPositions _ -> {}
      case EmbeddingSpec.Table table -> {
        ObjectNode positions = embed.putObject("positions");
        positions.put("origin", table.origin().name());
        positions.put("offset", table.offset());
        positions.put("count", table.count());
      }
    }
    norm(embed, "norm", embedding.norm());
    node.set("block", block(stack.block()));
    norm(node, "finalNorm", stack.finalNorm());
    return node;
  }

  static ObjectNode block(BlockSpec block) {
    ObjectNode node = MAPPER.createObjectNode();
    norm(node, "norm", Optional.of(block.norm()));
    node.put("placement", block.placement().name());
    node.set("self", attention(block.self()));
    block.cross().ifPresent(cross -> node.set("cross", attention(cross)));
    ObjectNode mlp = node.putObject("mlp");
    mlp.put("inner", block.mlp().inner());
    mlp.put("gated", block.mlp().gated());
    mlp.put("activation", block.mlp().activation().name());
    mlp.put("bias", block.mlp().bias());
    return node;
  }

  static ObjectNode head(HeadSpec spec) {
    ObjectNode head = MAPPER.createObjectNode();
    head.put("vocabulary", spec.vocabulary());
    head.put("tied", spec.tied());
    head.put("scale", spec.scale());
    head.put("bias", spec.bias());
    return head;
  }

  private static ObjectNode attention(AttentionSpec attention) {
    ObjectNode node = MAPPER.createObjectNode();
    node.put("heads", attention.heads());
    node.put("kvHeads", attention.kvHeads());
    node.put("headDim", attention.headDim());
    node.put("queryBias", attention.bias().query());
    node.put("keyBias", attention.bias().key());
    node.put("valueBias", attention.bias().value());
    node.put("outBias", attention.bias().out());
    node.put("scale", attention.scale());
    switch (attention.positions()) {
      case AttentionSpec.NoPositions _ -> {}
      case AttentionSpec.RelativeBias bias -> {
        ObjectNode relative = node.putObject("relativeBias");
        relative.put("buckets", bias.buckets());
        relative.put("maxDistance", bias.maxDistance());
        relative.put("bidirectional", bias.bidirectional());
      }
      case AttentionSpec.Rope rope -> {
        ObjectNode rotary = node.putObject("rope");
        rotary.put("theta", rope.theta());
        rotary.put("dimensions", rope.dimensions());
        switch (rope.scaling()) {
          case RopeScaling.None _ -> {}
          case RopeScaling.Linear linear ->
              rotary.putObject("linear").put("factor", linear.factor());
          case RopeScaling.Llama3 llama3 ->
              rotary
                  .putObject("llama3")
                  .put("factor", llama3.factor())
                  .put("lowFactor", llama3.lowFactor())
                  .put("highFactor", llama3.highFactor())
                  .put("originalPositions", llama3.originalPositions());
        }
      }
    }
    norm(node, "queryKeyNorm", attention.queryKeyNorm());
    return node;
  }

  static void norm(ObjectNode parent, String name, Optional<NormSpec> norm) {
    norm.ifPresent(n -> {
      ObjectNode node = parent.putObject(name);
      node.put("kind", n.kind().name());
      node.put("epsilon", n.epsilon());
    });
  }

  private static void ints(ArrayNode array, List<Integer> values) {
    values.forEach(array::add);
  }
}

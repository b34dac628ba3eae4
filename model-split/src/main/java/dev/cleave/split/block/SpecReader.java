package dev.cleave.split.block;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A strict cursor over one JSON object of a description: every field must be of its type, and none
 * may be left over. Throws IllegalArgumentException naming the field.
 */
final class SpecReader {
  private final JsonNode node;
  private final String path;
  private final Set<String> seen = new HashSet<>();

  private SpecReader(JsonNode node, String path) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(path + " must be an object");
    }
    this.node = node;
    this.path = path;
  }

  static DecoderSpec decoder(JsonNode json, String subject) {
    SpecReader root = new SpecReader(json, subject);
    int format = root.integer("format");
    if (format != 1) {
      throw new IllegalArgumentException("format must be 1: " + format);
    }
    String architecture = root.text("architecture");
    StackSpec stack = stack(root.object("stack"));
    HeadSpec head = head(root.object("head"));
    DecodingSpec decoding =
        new DecodingSpec(
            root.integer("decoderStartTokenId"),
            root.integers("eosTokenIds"),
            root.optionalInteger("forcedBosTokenId"),
            root.optionalInteger("forcedEosTokenId"),
            root.integers("suppressedTokenIds"));
    root.end();
    return new DecoderSpec(architecture, stack, head, decoding);
  }

  static StackSpec encoder(JsonNode json, String subject) {
    SpecReader root = new SpecReader(json, subject);
    int format = root.integer("format");
    if (format != 1) {
      throw new IllegalArgumentException("format must be 1: " + format);
    }
    StackSpec stack = stack(root.object("stack"));
    root.end();
    return stack;
  }

  static UpperSpec upper(JsonNode json, String subject) {
    SpecReader root = new SpecReader(json, subject);
    int format = root.integer("format");
    if (format != 1) {
      throw new IllegalArgumentException("format must be 1: " + format);
    }
    SpecReader run = root.object("layers");
    UpperSpec.Layers layers = new UpperSpec.Layers(run.integer("first"), run.integer("end"));
    run.end();
    UpperSpec upper =
        new UpperSpec(
            root.text("architecture"),
            root.integer("width"),
            layers,
            block(root.object("block")),
            norm(root, "finalNorm"),
            head(root.object("head")));
    root.end();
    return upper;
  }

  private static HeadSpec head(SpecReader in) {
    HeadSpec head =
        new HeadSpec(
            in.integer("vocabulary"), in.flag("tied"), in.number("scale"), in.flag("bias"));
    in.end();
    return head;
  }

  private static RopeScaling scaling(SpecReader rope) {
    RopeScaling scaling = new RopeScaling.None();
    if (rope.has("linear")) {
      SpecReader in = rope.object("linear");
      scaling = new RopeScaling.Linear(in.number("factor"));
      in.end();
    } else if (rope.has("llama3")) {
      SpecReader in = rope.object("llama3");
      scaling =
          new RopeScaling.Llama3(
              in.number("factor"),
              in.number("lowFactor"),
              in.number("highFactor"),
              in.integer("originalPositions"));
      in.end();
    }
    return scaling;
  }

  private static StackSpec stack(SpecReader in) {
    StackSpec stack =
        new StackSpec(
            in.integer("width"),
            in.integer("layers"),
            embedding(in.object("embedding")),
            block(in.object("block")),
            norm(in, "finalNorm"));
    in.end();
    return stack;
  }

  private static EmbeddingSpec embedding(SpecReader in) {
    EmbeddingSpec.Positions positions = new EmbeddingSpec.NoPositions();
    if (in.has("positions")) {
      SpecReader table = in.object("positions");
      positions =
          new EmbeddingSpec.Table(
              table.constant("origin", EmbeddingSpec.Origin.class),
              table.integer("offset"),
              table.integer("count"));
      table.end();
    }
    EmbeddingSpec embedding =
        new EmbeddingSpec(
            in.integer("vocabulary"), in.number("scale"), positions, norm(in, "norm"));
    in.end();
    return embedding;
  }

  private static BlockSpec block(SpecReader in) {
    NormSpec norm =
        norm(in, "norm").orElseThrow(() -> new IllegalArgumentException("block.norm is missing"));
    NormSpec.Placement placement = in.constant("placement", NormSpec.Placement.class);
    AttentionSpec self = attention(in.object("self"));
    Optional<AttentionSpec> cross =
        in.has("cross") ? Optional.of(attention(in.object("cross"))) : Optional.empty();
    SpecReader mlpNode = in.object("mlp");
    MlpSpec mlp =
        new MlpSpec(
            mlpNode.integer("inner"),
            mlpNode.flag("gated"),
            mlpNode.constant("activation", MlpSpec.Activation.class),
            mlpNode.flag("bias"));
    mlpNode.end();
    in.end();
    return new BlockSpec(norm, placement, self, cross, mlp);
  }

  private static AttentionSpec attention(SpecReader in) {
    AttentionSpec.Positions positions = new AttentionSpec.NoPositions();
    if (in.has("relativeBias")) {
      SpecReader bias = in.object("relativeBias");
      positions =
          new AttentionSpec.RelativeBias(
              bias.integer("buckets"), bias.integer("maxDistance"), bias.flag("bidirectional"));
      bias.end();
    } else if (in.has("rope")) {
      SpecReader rope = in.object("rope");
      positions =
          new AttentionSpec.Rope(rope.number("theta"), rope.integer("dimensions"), scaling(rope));
      rope.end();
    }
    AttentionSpec attention =
        new AttentionSpec(
            new AttentionSpec.Layout(
                in.integer("heads"), in.integer("kvHeads"), in.integer("headDim")),
            new AttentionSpec.Biases(
                in.flag("queryBias"), in.flag("keyBias"), in.flag("valueBias"), in.flag("outBias")),
            in.number("scale"),
            positions,
            norm(in, "queryKeyNorm"));
    in.end();
    return attention;
  }

  private static Optional<NormSpec> norm(SpecReader parent, String name) {
    if (!parent.has(name)) {
      return Optional.empty();
    }
    SpecReader in = parent.object(name);
    NormSpec norm = new NormSpec(in.constant("kind", NormSpec.Kind.class), in.number("epsilon"));
    in.end();
    return Optional.of(norm);
  }

  private boolean has(String name) {
    return node.has(name);
  }

  private JsonNode field(String name) {
    seen.add(name);
    JsonNode value = node.get(name);
    if (value == null) {
      throw new IllegalArgumentException(path + "." + name + " is missing");
    }
    return value;
  }

  private SpecReader object(String name) {
    return new SpecReader(field(name), path + "." + name);
  }

  private int integer(String name) {
    JsonNode value = field(name);
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw new IllegalArgumentException(path + "." + name + " must be an integer: " + value);
    }
    return value.intValue();
  }

  private OptionalInt optionalInteger(String name) {
    return has(name) ? OptionalInt.of(integer(name)) : OptionalInt.empty();
  }

  private List<Integer> integers(String name) {
    JsonNode value = field(name);
    if (!value.isArray()) {
      throw new IllegalArgumentException(path + "." + name + " must be an array: " + value);
    }
    List<Integer> list = new ArrayList<>();
    for (JsonNode entry : value) {
      if (!entry.isIntegralNumber() || !entry.canConvertToInt()) {
        throw new IllegalArgumentException(path + "." + name + " must hold integers: " + entry);
      }
      list.add(entry.intValue());
    }
    return list;
  }

  private double number(String name) {
    JsonNode value = field(name);
    if (!value.isNumber()) {
      throw new IllegalArgumentException(path + "." + name + " must be a number: " + value);
    }
    return value.doubleValue();
  }

  private boolean flag(String name) {
    JsonNode value = field(name);
    if (!value.isBoolean()) {
      throw new IllegalArgumentException(path + "." + name + " must be true or false: " + value);
    }
    return value.booleanValue();
  }

  private String text(String name) {
    JsonNode value = field(name);
    if (!value.isTextual()) {
      throw new IllegalArgumentException(path + "." + name + " must be a string: " + value);
    }
    return value.textValue();
  }

  private <E extends Enum<E>> E constant(String name, Class<E> type) {
    String value = text(name);
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equals(value)) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        path + "." + name + " must be one of " + List.of(type.getEnumConstants()) + ": " + value);
  }

  private void end() {
    for (String name : (Iterable<String>) node::fieldNames) {
      if (!seen.contains(name)) {
        throw new IllegalArgumentException(path + "." + name + " is unknown");
      }
    }
  }
}

package dev.cleave.split.torch;

import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.HeadSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import java.util.Optional;

/**
 * The parts of a decoder that are alike whether one token is computed or a whole answer: all but
 * the attentions. They read and write {@code x}, whose last axis is the width. Confined to one
 * emission.
 */
final class BlockText {
  private final BlockSpec block;
  private final int width;
  private final WeightPlan plan;
  private final LinearText linears;
  private final ScriptText text;

  BlockText(BlockSpec block, int width, WeightPlan plan, LinearText linears, ScriptText text) {
    this.block = block;
    this.width = width;
    this.plan = plan;
    this.linears = linears;
    this.text = text;
  }

  /** Makes {@code x} of these tokens at these decoder positions. */
  void embedding(EmbeddingSpec embedding, String tokens, String positions) {
    String rows = plan.place(PackedWeight.Kind.EMBEDDING, "embed.weight");
    put("x = " + linears.single("torch.embedding(" + rows + ", " + tokens + ")"));
    if (embedding.scale() != 1) {
      put("x = torch.mul(x, " + embedding.scale() + ")");
    }
    if (embedding.positions() instanceof EmbeddingSpec.Table table) {
      String places = plan.place(PackedWeight.Kind.TABLE, "embed.positions.weight");
      put(
          "x = torch.add(x, torch.embedding(%s, torch.add(%s, %d)))"
              .formatted(places, positions, table.offset()));
    }
    embedding.norm().ifPresent(norm -> put("x = " + norm(norm, "x", "embed.norm")));
  }

  void mlp(String name) {
    MlpSpec mlp = block.mlp();
    put("h = " + before("x", name));
    if (mlp.gated()) {
      put("h = " + linears.apply("h", name + ".gate", name + ".up"));
      String half = "torch.narrow(h, -1, %d, " + mlp.inner() + ")";
      put(
          "h = torch.mul(%s, %s)"
              .formatted(activation(half.formatted(0)), half.formatted(mlp.inner())));
    } else {
      put("h = " + activation(linears.apply("h", name + ".up")));
    }
    after(linears.apply("h", name + ".down"), name);
  }

  /** The expression for the logits of {@code x}, of which only the last axis counts. */
  String logits(String x, Optional<NormSpec> finalNorm, HeadSpec head) {
    finalNorm.ifPresent(norm -> put(x + " = " + norm(norm, x, "norm")));
    if (head.scale() != 1) {
      put(x + " = torch.mul(" + x + ", " + head.scale() + ")");
    }
    return linears.head(x, head);
  }

  /** The expression for what goes into a part. */
  String before(String x, String name) {
    return block.placement() == NormSpec.Placement.PRE ? norm(block.norm(), x, name + ".norm") : x;
  }

  /** Adds what came out of a part. */
  void after(String part, String name) {
    put("x = torch.add(x, " + part + ")");
    if (block.placement() == NormSpec.Placement.POST) {
      put("x = " + norm(block.norm(), "x", name + ".norm"));
    }
  }

  private String norm(NormSpec norm, String x, String name) {
    String weight = plan.place(PackedWeight.Kind.TABLE, name + ".weight");
    String size = "[" + width + "]";
    return switch (norm.kind()) {
      case RMS ->
          "torch.rms_norm(%s, %s, %s, %s)".formatted(x, size, weight, number(norm.epsilon()));
      case LAYER ->
          "torch.layer_norm(%s, %s, %s, %s, %s)"
              .formatted(
                  x,
                  size,
                  weight,
                  plan.place(PackedWeight.Kind.TABLE, name + ".bias"),
                  number(norm.epsilon()));
    };
  }

  private String activation(String x) {
    return switch (block.mlp().activation()) {
      case RELU -> "torch.relu(" + x + ")";
      case GELU -> "torch.gelu(" + x + ")";
      case GELU_TANH -> "torch.gelu(" + x + ", approximate=\"tanh\")";
      case SILU -> "torch.silu(" + x + ")";
    };
  }

  private static String number(double value) {
    // TorchScript reads 1.0E-6 as well as Python does
    return Double.toString(value);
  }

  private void put(String line) {
    text.line(2, line);
  }
}

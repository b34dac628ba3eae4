package dev.cleave.split.torch;

import dev.cleave.split.block.HeadSpec;
import java.util.Arrays;

/** The expressions of linear layers, by precision and device. Confined to one emission. */
final class LinearText {
  private final WeightPlan plan;
  private final WeightPrecision precision;
  private final boolean oneDnn;

  /** For weights as the options pack them. */
  LinearText(WeightPlan plan, ScriptOptions options) {
    this(plan, options.precision(), options.oneDnn());
  }

  /** For plain f32 weights, the only ones that a gradient passes. */
  LinearText(WeightPlan plan) {
    this(plan, WeightPrecision.F32, false);
  }

  private LinearText(WeightPlan plan, WeightPrecision precision, boolean oneDnn) {
    this.plan = plan;
    this.precision = precision;
    this.oneDnn = oneDnn;
  }

  /** The outputs of these linears of one input, side by side. */
  String apply(String x, String... names) {
    String[] weights = Arrays.stream(names).map(name -> name + ".weight").toArray(String[]::new);
    return product(x, plan.place(PackedWeight.Kind.LINEAR, weights), plan.bias(names));
  }

  /** The logits. */
  String head(String x, HeadSpec head) {
    String name = head.tied() ? "embed.weight" : "head.weight";
    // a tied head needs a weight of its own only where packing changes it
    boolean shared = head.tied() && !oneDnn;
    PackedWeight.Kind kind = shared ? PackedWeight.Kind.EMBEDDING : PackedWeight.Kind.LINEAR;
    String bias = head.bias() ? plan.place(PackedWeight.Kind.TABLE, "head.bias") : "None";
    return product(x, plan.place(kind, name), bias);
  }

  private String product(String x, String weight, String bias) {
    boolean bf16 = precision == WeightPrecision.BF16;
    if (!oneDnn && !bf16) {
      return "torch.linear(%s, %s, %s)".formatted(x, weight, bias);
    }
    String input = bf16 ? "torch.to(" + x + ", 15)" : x;
    // oneDNN wants a bias in the weight's precision: a bf16 one would lose bits for nothing
    String inner = bf16 ? "None" : bias;
    String product =
        oneDnn
            ? "ops.mkldnn._linear_pointwise(%s, %s, %s, \"none\", annotate(List[Optional[number]], []), \"\")"
                .formatted(input, weight, inner)
            : "torch.linear(%s, %s, %s)".formatted(input, weight, inner);
    if (!bf16) {
      return product;
    }
    product = "torch.to(" + product + ", 6)";
    return bias.equals("None") ? product : "torch.add(" + product + ", " + bias + ")";
  }
}

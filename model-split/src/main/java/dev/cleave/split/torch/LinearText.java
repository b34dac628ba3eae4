package dev.cleave.split.torch;

import dev.cleave.split.block.HeadSpec;
import java.util.Arrays;

/** The expressions of linear layers, by precision and device. Confined to one emission. */
final class LinearText {
  private final WeightPlan plan;
  private final ScriptOptions options;

  LinearText(WeightPlan plan, ScriptOptions options) {
    this.plan = plan;
    this.options = options;
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
    boolean shared = head.tied() && !options.oneDnn();
    PackedWeight.Kind kind = shared ? PackedWeight.Kind.EMBEDDING : PackedWeight.Kind.LINEAR;
    String bias = head.bias() ? plan.place(PackedWeight.Kind.TABLE, "head.bias") : "None";
    return product(x, plan.place(kind, name), bias);
  }

  private String product(String x, String weight, String bias) {
    if (options.precision() == WeightPrecision.F32) {
      return "torch.linear(" + x + ", " + weight + ", " + bias + ")";
    }
    String input = "torch.to(" + x + ", 15)";
    String product =
        options.oneDnn()
            ? "ops.mkldnn._linear_pointwise(%s, %s, None, \"none\", annotate(List[Optional[number]], []), \"\")"
                .formatted(input, weight)
            : "torch.linear(%s, %s, None)".formatted(input, weight);
    product = "torch.to(" + product + ", 6)";
    return bias.equals("None") ? product : "torch.add(" + product + ", " + bias + ")";
  }
}

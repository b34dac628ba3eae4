package dev.cleave.split.torch;

import dev.cleave.split.block.HeadSpec;
import java.util.Arrays;

/** The expressions of linear layers, by precision and device. Confined to one emission. */
final class LinearText {
  private final WeightPlan plan;
  private final WeightForm form;

  LinearText(WeightPlan plan, WeightForm form) {
    this.plan = plan;
    this.form = form;
  }

  /** The outputs of these linears of one input, side by side. */
  String apply(String x, String... names) {
    return apply(PackedWeight.Kind.LINEAR, PackedWeight.Kind.TABLE, x, names);
  }

  /** As {@link #apply}, of queries, keys and values, the first two for a rotation of pairs. */
  String applyRotated(String x, String... names) {
    return apply(PackedWeight.Kind.ROTATED_LINEAR, PackedWeight.Kind.ROTATED_TABLE, x, names);
  }

  private String apply(
      PackedWeight.Kind weightKind, PackedWeight.Kind biasKind, String x, String... names) {
    String[] weights = Arrays.stream(names).map(name -> name + ".weight").toArray(String[]::new);
    return product(x, plan.place(weightKind, weights), plan.bias(biasKind, names));
  }

  /** The logits. */
  String head(String x, HeadSpec head) {
    // the upper half of a cut model has a head of its own even where it is tied
    boolean tied = head.tied() && !plan.has("head.weight");
    String name = tied ? "embed.weight" : "head.weight";
    // a tied head needs a weight of its own only where packing changes it
    boolean shared = tied && !form.oneDnn();
    PackedWeight.Kind kind = shared ? PackedWeight.Kind.EMBEDDING : PackedWeight.Kind.LINEAR;
    String bias = head.bias() ? plan.place(PackedWeight.Kind.TABLE, "head.bias") : "None";
    return product(x, plan.place(kind, name), bias);
  }

  /** The expression in f32 of what is in the weights' precision. */
  String single(String x) {
    return form.half() ? "torch.to(" + x + ", 6)" : x;
  }

  private String product(String x, String weight, String bias) {
    if (form.integers()) {
      int at = Integer.parseInt(weight.substring(2, weight.length() - 1));
      return plus(
          "(self).integers(%s, %s, s[%d], s[%d], )".formatted(x, weight, 2 * at, 2 * at + 1), bias);
    }
    boolean half = form.half();
    if (!form.oneDnn() && !half) {
      return "torch.linear(%s, %s, %s)".formatted(x, weight, bias);
    }
    String input = half ? "torch.to(%s, %d)".formatted(x, form.precision().scalarType()) : x;
    // oneDNN wants a bias in the weight's precision: a half one would lose bits for nothing
    String inner = half ? "None" : bias;
    String product =
        form.oneDnn()
            ? "ops.mkldnn._linear_pointwise(%s, %s, %s, \"none\", annotate(List[Optional[number]], []), \"\")"
                .formatted(input, weight, inner)
            : "torch.linear(%s, %s, %s)".formatted(input, weight, inner);
    if (!half) {
      return product;
    }
    return plus(single(product), bias);
  }

  private static String plus(String product, String bias) {
    return bias.equals("None") ? product : "torch.add(" + product + ", " + bias + ")";
  }
}

package dev.cleave.split.torch;

/**
 * How a program holds what it multiplies with, and on which device. Immutable.
 *
 * @param device libtorch's name: {@code cpu} or {@code cuda:N}
 * @param precision of linear weights and embedding
 * @param oneDnn whether linear weights are reordered once by oneDNN
 */
record WeightForm(String device, WeightPrecision precision, boolean oneDnn) {
  private static final boolean X86 = System.getProperty("os.arch", "").matches("amd64|x86_64");

  /** Plain f32 on the CPU: the only form that a gradient passes. */
  static final WeightForm PLAIN = new WeightForm("cpu", WeightPrecision.F32, false);

  /**
   * The fastest form. On x86, for a T5 of 6 layers and width 512 in f32 on one thread, oneDNN's
   * order took a step of 1, 8, 16 rows from 8.9, 16.0, 23.8 ms to 7.5, 10.5, 17.5 ms; on other
   * processors it was not measured.
   */
  static WeightForm fastest(String device, WeightPrecision precision) {
    if (!device.matches("cpu|cuda:[0-9]{1,3}")) {
      throw new IllegalArgumentException("device must be cpu or cuda:N: " + device);
    }
    boolean cpu = device.equals("cpu");
    if (precision == WeightPrecision.F16 && cpu) {
      throw new IllegalArgumentException("f16 is for cuda; a CPU is faster with bf16");
    }
    if (precision == WeightPrecision.INT8 && !(cpu && X86)) {
      throw new IllegalArgumentException("int8 is for x86 CPUs; take bf16 on " + device);
    }
    return new WeightForm(device, precision, cpu && X86);
  }

  boolean integers() {
    return precision == WeightPrecision.INT8;
  }

  /** Whether values are cast before and after a product. */
  boolean half() {
    return precision == WeightPrecision.BF16 || precision == WeightPrecision.F16;
  }

  boolean onCpu() {
    return device.equals("cpu");
  }

  /** The device as an expression. */
  String place() {
    return "torch.device(\"" + device + "\")";
  }

  /** Writes the methods of kinds that have nothing to do with rotation. */
  void pack(ScriptText text, PackedWeight.Kind... kinds) {
    for (PackedWeight.Kind kind : kinds) {
      pack(text, kind, "torch.cat(parts)");
    }
  }

  /** Writes one kind's method; what it packs is this expression in {@code parts}. */
  void pack(ScriptText text, PackedWeight.Kind kind, String joined) {
    boolean linear = kind == PackedWeight.Kind.LINEAR || kind == PackedWeight.Kind.ROTATED_LINEAR;
    if (integers()) {
      packWithScales(text, kind, joined, linear);
      return;
    }
    String value =
        switch (kind) {
          case TABLE, ROTATED_TABLE -> cast(joined, ScriptText.F32);
          case EMBEDDING -> cast(joined, precision.scalarType());
          case LINEAR, ROTATED_LINEAR -> reordered(cast(joined, precision.scalarType()));
        };
    text.line(1, "def " + kind.method() + "(self, parts: List[Tensor]) -> int:");
    text.line(2, "_0 = torch.append(self.weights, " + value + ")");
    text.line(2, "return 0");
  }

  /** Of each weight {@code scales} has two entries, empty ones for what is no linear. */
  private static void packWithScales(
      ScriptText text, PackedWeight.Kind kind, String joined, boolean linear) {
    text.line(1, "def " + kind.method() + "(self, parts: List[Tensor]) -> int:");
    text.line(2, "all = " + joined);
    if (linear) {
      text.line(2, "largest = torch.clamp_min(torch.amax(torch.abs(all), [1], True), 1.0e-30)");
      text.line(2, "whole = torch.round(torch.mul(torch.div(all, largest), 127.))");
      text.line(2, "all = ops.onednn.qlinear_prepack(torch.to(whole, 1), None)");
      // both scales are of 127 steps; the row's is the largest of the row itself
      text.line(2, "scale = torch.div(torch.reshape(largest, [-1]), 16129.)");
    } else {
      text.line(2, "scale = torch.zeros([0], dtype=6)");
    }
    text.line(2, "_0 = torch.append(self.weights, all)");
    text.line(2, "_1 = torch.append(self.scales, scale)");
    text.line(2, "_2 = torch.append(self.scales, torch.zeros_like(scale, dtype=4))");
    text.line(2, "return 0");
  }

  /** Writes {@code integers(x, weight, scale, zero)}: a product of quantised rows, in f32. */
  void product(ScriptText text) {
    if (!integers()) {
      return;
    }
    text.line(
        1, "def integers(self, x: Tensor, weight: Tensor, scale: Tensor, zero: Tensor) -> Tensor:");
    text.line(
        2,
        "largest = torch.clamp_min(torch.linalg_vector_norm(x, float(\"inf\"), [-1], True), 1.0e-30)");
    text.line(2, "steps = torch.mul(torch.reciprocal(largest), 127.)");
    // cut off, not rounded, by the cast: hence the half
    text.line(2, "whole = torch.to(torch.add(torch.mul(x, steps), 128.5), 0)");
    text.line(
        2,
        "y = ops.onednn.qlinear_pointwise(whole, 1., 128, weight, scale, zero, None, 1., 0, 6,"
            + " \"none\", annotate(List[Optional[number]], []), \"\")");
    text.line(2, "return torch.mul(y, largest)");
  }

  private String cast(String tensor, int scalarType) {
    return "torch.to(%s, %s, %d)".formatted(tensor, place(), scalarType);
  }

  private String reordered(String tensor) {
    return oneDnn ? "ops.mkldnn._reorder_linear_weight(" + tensor + ", None)" : tensor;
  }
}

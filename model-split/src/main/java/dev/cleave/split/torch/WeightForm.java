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
    return new WeightForm(device, precision, device.equals("cpu") && X86);
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

  private String cast(String tensor, int scalarType) {
    return "torch.to(%s, %s, %d)".formatted(tensor, place(), scalarType);
  }

  private String reordered(String tensor) {
    return oneDnn ? "ops.mkldnn._reorder_linear_weight(" + tensor + ", None)" : tensor;
  }
}

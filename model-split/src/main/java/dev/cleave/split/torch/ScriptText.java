package dev.cleave.split.torch;

/** Lines of TorchScript, indented by two spaces a level. Confined to one emission. */
final class ScriptText {
  /** libtorch's numbers of scalar types (c10/core/ScalarType.h). */
  static final int I64 = 4;

  static final int F16 = 5;
  static final int F32 = 6;
  static final int BF16 = 15;

  private final StringBuilder text = new StringBuilder();

  void line(int depth, String line) {
    text.repeat("  ", depth).append(line).append('\n');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}

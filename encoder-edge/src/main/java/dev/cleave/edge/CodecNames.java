package dev.cleave.edge;

import dev.cleave.codec.CodecMode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What people call the codecs: on the command line and in receipts. */
public final class CodecNames {
  private CodecNames() {}

  /** {@code raw}, {@code f16}, {@code bf16} or {@code int8}. */
  public static String nameOf(CodecMode mode) {
    return switch (mode) {
      case RAW_F32 -> "raw";
      case RAW_F16 -> "f16";
      case RAW_BF16 -> "bf16";
      case INT8 -> "int8";
    };
  }

  /** The codec of this name. */
  public static Optional<CodecMode> parse(String name) {
    return Arrays.stream(CodecMode.values()).filter(mode -> nameOf(mode).equals(name)).findFirst();
  }

  /** All names. */
  public static List<String> all() {
    return Arrays.stream(CodecMode.values()).map(CodecNames::nameOf).toList();
  }
}

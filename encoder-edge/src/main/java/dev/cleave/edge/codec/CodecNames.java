package dev.cleave.edge.codec;

import dev.cleave.codec.CodecMode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What people call the codecs: on the command line and in receipts. */
public final class CodecNames {
  private CodecNames() {}

  /** {@code raw}, {@code f16}, {@code bf16}, {@code int8} and so on. */
  public static String nameOf(CodecMode mode) {
    return switch (mode) {
      case RAW_F32 -> "raw";
      case RAW_F16 -> "f16";
      case RAW_BF16 -> "bf16";
      case LOSSLESS_F32 -> "lossless";
      case LOSSLESS_BF16 -> "lossless-bf16";
      case INT8 -> "int8";
      case INT4 -> "int4";
      case RATE -> "rate";
      case RATE_TRELLIS -> "rate-trellis";
    };
  }

  /** Whether frames carry every bit of f32 values. */
  static boolean isExact(CodecMode mode) {
    return mode == CodecMode.RAW_F32 || mode == CodecMode.LOSSLESS_F32;
  }

  /** Whether frames are as long as their values are rich. */
  static boolean isLossless(CodecMode mode) {
    return mode == CodecMode.LOSSLESS_F32 || mode == CodecMode.LOSSLESS_BF16;
  }

  /** The codec of this name, which takes no target. */
  static Optional<CodecMode> parse(String name) {
    return withoutTarget().stream().filter(mode -> nameOf(mode).equals(name)).findFirst();
  }

  /** The codecs that need a rate as well. */
  static List<CodecMode> withTarget() {
    return Arrays.stream(CodecMode.values()).filter(CodecMode::hasTarget).toList();
  }

  /** The codecs that need nothing but their name. */
  public static List<CodecMode> withoutTarget() {
    return Arrays.stream(CodecMode.values()).filter(mode -> !mode.hasTarget()).toList();
  }
}

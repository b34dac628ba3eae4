package dev.cleave.split.checkpoint.gguf.format;

/**
 * Blocks of ggml to f32, as {@code dequantize_row_*} of ggml-quants.c computes them: f32 arithmetic
 * in the same order, not contracted, so that the values are equal to the last bit.
 *
 * <p>In each block {@code d} is the f16 scale; quants of 4 bits lie two in a byte, the low halves
 * first.
 */
public final class Dequantiser {
  private Dequantiser() {}

  /**
   * Converts whole blocks.
   *
   * @param type a quantised one
   * @param in the blocks, from index 0
   * @param blocks how many
   * @param out receives {@code blocks * type.blockElements()} values, from index 0
   */
  public static void dequantise(GgmlType type, byte[] in, int blocks, float[] out) {
    for (int block = 0; block < blocks; block++) {
      int at = block * type.blockBytes();
      int to = block * type.blockElements();
      switch (type) {
        case Q4_0 -> q40(in, at, out, to);
        case Q4_1 -> q41(in, at, out, to);
        case Q5_0 -> q50(in, at, out, to);
        case Q5_1 -> q51(in, at, out, to);
        case Q8_0 -> q80(in, at, out, to);
        case Q4_K -> q4k(in, at, out, to);
        case Q5_K -> q5k(in, at, out, to);
        case Q6_K -> q6k(in, at, out, to);
        case F32, F16, BF16 ->
            throw new IllegalArgumentException("type must be quantised: " + type);
      }
    }
  }

  private static void q40(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    for (int i = 0; i < 16; i++) {
      int q = in[at + 2 + i];
      out[to + i] = ((q & 15) - 8) * d;
      out[to + 16 + i] = ((q >> 4 & 15) - 8) * d;
    }
  }

  private static void q41(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float m = half(in, at + 2);
    for (int i = 0; i < 16; i++) {
      int q = in[at + 4 + i];
      out[to + i] = (q & 15) * d + m;
      out[to + 16 + i] = (q >> 4 & 15) * d + m;
    }
  }

  private static void q50(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    int high = word(in, at + 2);
    for (int i = 0; i < 16; i++) {
      int q = in[at + 6 + i];
      out[to + i] = (fifth(q & 15, high >>> i) - 16) * d;
      out[to + 16 + i] = (fifth(q >> 4 & 15, high >>> (i + 16)) - 16) * d;
    }
  }

  private static void q51(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float m = half(in, at + 2);
    int high = word(in, at + 4);
    for (int i = 0; i < 16; i++) {
      int q = in[at + 8 + i];
      out[to + i] = fifth(q & 15, high >>> i) * d + m;
      out[to + 16 + i] = fifth(q >> 4 & 15, high >>> (i + 16)) * d + m;
    }
  }

  private static void q80(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    for (int i = 0; i < 32; i++) {
      out[to + i] = in[at + 2 + i] * d;
    }
  }

  /** 8 groups of 32, each with a scale and a minimum of 6 bits; quants of group pairs together. */
  private static void q4k(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float least = half(in, at + 2);
    for (int group = 0; group < 8; group++) {
      float scale = d * groupScale(in, at + 4, group);
      float m = least * groupMinimum(in, at + 4, group);
      int quants = at + 16 + group / 2 * 32;
      int shift = group % 2 * 4;
      for (int i = 0; i < 32; i++) {
        out[to + group * 32 + i] = scale * (in[quants + i] >> shift & 15) - m;
      }
    }
  }

  /** As Q4_K, with a fifth bit: that of group g is bit g of 32 bytes. */
  private static void q5k(byte[] in, int at, float[] out, int to) {
    float d = half(in, at);
    float least = half(in, at + 2);
    for (int group = 0; group < 8; group++) {
      float scale = d * groupScale(in, at + 4, group);
      float m = least * groupMinimum(in, at + 4, group);
      int quants = at + 48 + group / 2 * 32;
      int shift = group % 2 * 4;
      for (int i = 0; i < 32; i++) {
        int q = fifth(in[quants + i] >> shift & 15, in[at + 16 + i] >> group);
        out[to + group * 32 + i] = scale * q - m;
      }
    }
  }

  /**
   * Two halves of 128: 64 bytes of low nibbles, 32 of high pairs; 16 signed scales of 16 elements.
   */
  private static void q6k(byte[] in, int at, float[] out, int to) {
    float d = half(in, at + 208);
    for (int half = 0; half < 2; half++) {
      for (int part = 0; part < 4; part++) {
        int low = at + half * 64 + part % 2 * 32;
        int high = at + 128 + half * 32;
        for (int i = 0; i < 32; i++) {
          int q = joined(in[low + i] >> (part / 2 * 4) & 15, in[high + i] >> (part * 2));
          byte scale = in[at + 192 + half * 8 + part * 2 + i / 16];
          out[to + half * 128 + part * 32 + i] = d * scale * (q - 32);
        }
      }
    }
  }

  /** {@code get_scale_min_k4}: the upper two bits of the last four lie above the first four. */
  private static int groupScale(byte[] in, int at, int group) {
    return group < 4
        ? in[at + group] & 63
        : joined(in[at + group + 4] & 15, in[at + group - 4] >> 6);
  }

  private static int groupMinimum(byte[] in, int at, int group) {
    return group < 4
        ? in[at + group + 4] & 63
        : joined(in[at + group + 4] >> 4 & 15, in[at + group] >> 6);
  }

  private static float half(byte[] in, int at) {
    return Float.float16ToFloat((short) ((in[at] & 255) | (in[at + 1] << 8)));
  }

  private static int word(byte[] in, int at) {
    return (in[at] & 255)
        | ((in[at + 1] & 255) << 8)
        | ((in[at + 2] & 255) << 16)
        | (in[at + 3] << 24);
  }

  /** Bit 0 of {@code high} above four bits. */
  private static int fifth(int low, int high) {
    return low | ((high & 1) << 4);
  }

  /** Bits 0 and 1 of {@code high} above four bits. */
  private static int joined(int low, int high) {
    return low | ((high & 3) << 4);
  }
}

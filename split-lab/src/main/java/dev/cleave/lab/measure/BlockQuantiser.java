package dev.cleave.lab.measure;

/**
 * What is common elsewhere, to compare with: symmetric integers in blocks of 64 along the width,
 * each block with an f16 scale. Written out plainly; only its error and its size matter here.
 * Immutable.
 *
 * @param bits of an element, 2 to 8
 */
public record BlockQuantiser(int bits) {
  private static final int BLOCK = 64;

  /** Scales included. */
  public double bitsPerElement() {
    return bits + 16.0 / BLOCK;
  }

  /** What comes back of these rows, f32 [positions, width]; a new array. */
  public float[] roundTrip(float[] rows, int width) {
    int most = (1 << (bits - 1)) - 1;
    float[] back = new float[rows.length];
    for (int from = 0; from < rows.length; ) {
      int n = Math.min(BLOCK, width - from % width);
      float max = 0;
      for (int i = from; i < from + n; i++) {
        max = Math.max(max, Math.abs(rows[i]));
      }
      float scale = Float.float16ToFloat(Float.floatToFloat16(max / most));
      for (int i = from; i < from + n && scale > 0; i++) {
        back[i] = Math.clamp(Math.round(rows[i] / scale), -most, most) * scale;
      }
      from += n;
    }
    return back;
  }
}

package dev.cleave.codec;

import java.nio.FloatBuffer;

/** Finds NaN and infinities in values that came from outside, before they reach a model. */
public final class NonFinite {
  private static final int CHUNK = 1024;
  private static final int EXPONENT = 0x7F800000;

  private NonFinite() {}

  /**
   * The index, counted from the buffer's position, of its first NaN or infinity up to its limit, or
   * -1 when all are finite. Moves nothing.
   */
  public static int firstIndex(FloatBuffer values) {
    float[] chunk = new float[Math.min(CHUNK, values.remaining())];
    int start = values.position();
    for (int done = 0; done < values.remaining(); done += CHUNK) {
      int n = Math.min(CHUNK, values.remaining() - done);
      values.get(start + done, chunk, 0, n);
      int largest = 0;
      // A branchless maximum, which the compiler turns into vector code; the search is for the bad.
      for (int i = 0; i < n; i++) {
        largest = Math.max(largest, Float.floatToRawIntBits(chunk[i]) & EXPONENT);
      }
      if (largest == EXPONENT) {
        return done + firstIndex(chunk, n);
      }
    }
    return -1;
  }

  private static int firstIndex(float[] chunk, int n) {
    for (int i = 0; i < n; i++) {
      if (!Float.isFinite(chunk[i])) {
        return i;
      }
    }
    throw new AssertionError("the chunk had a value that is not finite");
  }
}

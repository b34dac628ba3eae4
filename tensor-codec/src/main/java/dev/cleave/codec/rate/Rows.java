package dev.cleave.codec.rate;

import dev.cleave.codec.payload.SideReader;
import dev.cleave.codec.payload.SideWriter;
import java.nio.FloatBuffer;

/**
 * How rows of values become coordinates of deviation near 1, and back: by a profile or by
 * statistics that the frame carries. Holds what belongs to one frame; confined to one thread.
 */
interface Rows {
  /**
   * Looks at the rows of a frame to be written and works out their coordinates.
   *
   * @param values f32 [positions, width] from index {@code at} on
   * @param coordinates takes f32 [positions, width]
   * @throws IllegalArgumentException when a value is not finite or too large
   */
  void analyse(FloatBuffer values, int at, int positions, float[] coordinates);

  /**
   * Whether the next frames may spend bytes on values far out, for which their neighbours are coded
   * better; where it is a matter of choice. They may at first.
   */
  default void allowMassive(boolean allowed) {}

  /** Writes what the receiver needs of this frame. */
  void write(SideWriter head, int positions);

  /** Reads it. */
  void read(SideReader head, int positions);

  /** How many rows of a frame of so many {@link #restore} takes at once with profit. */
  default int batch(int positions) {
    return 1;
  }

  /**
   * Values of rows that follow one another.
   *
   * @param row the first
   * @param quantised f32 [count, width], coordinates in units of the step; overwritten
   * @param out takes f32 [count, width]; may not be finite when a sender wants that
   */
  void restore(int row, int count, float step, float[] quantised, float[] out);

  /**
   * How far the root mean square of errors over deviations may be from that of the coordinates'
   * errors, each times its row's {@link #gain}: what rounding does. Not a number where the two have
   * nothing to do with one another. Only of a frame that was analysed.
   */
  default double rounding() {
    return Double.NaN;
  }

  /** By how much errors of a row's coordinates grow; where {@link #rounding} is a number. */
  default float gain(int row) {
    return 1;
  }

  /** The sum of squared errors of rows over the variances; only of a frame that was analysed. */
  double error(int row, int count, float[] values, float[] restored);
}

package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.payload.SideReader;

/**
 * Turns coordinates into symbols and back. Owns scratch memory, confined to one thread; only {@link
 * #decode} and {@link #dequantise} must give the same everywhere.
 */
public interface Quantiser {
  /** How coordinates are coded with this step, 0 to 255. */
  Plan plan(int stepIndex);

  /**
   * Quantises a frame.
   *
   * @param coordinates f32 [rows, width] from index 0 on
   * @param symbols takes the result
   * @return false when a coordinate lies so many steps out that its index has no room
   */
  boolean quantise(Plan plan, float[] coordinates, int rows, Symbols symbols);

  /** What the symbols quantised last will take, in {@code 2^-10} bit, all beside them included. */
  long cost(Plan plan, Symbols symbols);

  /** Encodes the symbols. */
  void encode(Plan plan, Symbols symbols, RansEncoder encoder);

  /**
   * Decodes the symbols of a frame.
   *
   * @param rawBits stands at the frame's raw bits, and behind them afterwards
   */
  void decode(Plan plan, RansDecoder decoder, SideReader rawBits, int rows, Symbols symbols);

  /**
   * Starts giving back coordinates, in order, with {@link #dequantise}.
   *
   * @param rawBits stands at the frame's raw bits
   * @param escapes stands at the frame's escapes
   */
  void rewind(SideReader rawBits, SideReader escapes);

  /**
   * The next rows.
   *
   * @param row the first
   * @param out takes f32 [count, width] in units of the step
   */
  void dequantise(Plan plan, Symbols symbols, int row, int count, float[] out);
}

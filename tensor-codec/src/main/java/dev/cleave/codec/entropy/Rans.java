package dev.cleave.codec.entropy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * What {@link RansEncoder} and {@link RansDecoder} agree on (J. Duda, "Asymmetric numeral systems",
 * 2013; interleaving after F. Giesen, 2014). One stream, little endian:
 *
 * <pre>
 *    +----------+----------+-----+------------+--------+--------+-----
 *    | state 0  | state 1  | ... | state L-1  | word 0 | word 1 | ...
 *    | u32      | u32      |     | u32        | u16    | u16    |
 *    +----------+----------+-----+------------+--------+--------+-----
 * </pre>
 *
 * <p>Element i belongs to lane i mod L. A state lies in 2^16 .. 2^32 - 1; decoding a symbol takes
 * it to {@code frequency * (state >>> 12) + bias}, and when that is below 2^16 the next word of the
 * stream is appended, whichever lane it is. After the last element every state is 2^16 again.
 */
public final class Rans {
  /** The most lanes. */
  public static final int MAX_LANES = 8;

  /** Bytes of one lane's state in the stream. */
  public static final int STATE_BYTES = Integer.BYTES;

  static final int LOWEST_STATE = 1 << 16;
  static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private Rans() {}

  /**
   * Lanes of a stream of so many elements: few for few, as each costs about two bytes, and eight
   * where the processor gains from them.
   */
  public static int lanes(long elements) {
    if (elements <= 1024) {
      return 1;
    }
    if (elements <= 4096) {
      return 2;
    }
    return elements <= 16384 ? 4 : MAX_LANES;
  }
}

package dev.cleave.hat.quantise;

import java.lang.foreign.MemorySegment;

/**
 * What {@link QuantKernels} offers, behind its checks. Implementations agree bit for bit with
 * {@link ScalarQuantKernels}, and are stateless.
 */
interface QuantSupport {
  /** Whether every value was a number; if not, what was written means nothing. */
  boolean toUint8(MemorySegment values, int n, QuantInfo info, MemorySegment stored);

  boolean toUint16(MemorySegment values, int n, QuantInfo info, MemorySegment stored);

  void fromUint8(MemorySegment stored, int n, QuantInfo info, MemorySegment values);

  void fromUint16(MemorySegment stored, int n, QuantInfo info, MemorySegment values);
}

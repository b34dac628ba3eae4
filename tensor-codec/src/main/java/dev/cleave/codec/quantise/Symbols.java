package dev.cleave.codec.quantise;

import dev.cleave.codec.payload.SideWriter;

/**
 * What a frame's coordinates became: a symbol each, and beside them raw bits and the indices beyond
 * the symbols. Grows to the largest frame; confined to one thread.
 */
public final class Symbols {
  byte[] values = new byte[0];
  int count;
  private final SideWriter rawBits = new SideWriter();
  private final SideWriter escapes = new SideWriter();

  /** Starts a frame. */
  void start(int elements) {
    if (values.length < elements) {
      values = new byte[elements];
    }
    count = elements;
    rawBits.clear();
    escapes.clear();
  }

  /** The bits that travel raw, in the order of the elements. */
  public SideWriter rawBits() {
    return rawBits;
  }

  /** The indices beyond the symbols, in the order of the elements. */
  public SideWriter escapes() {
    return escapes;
  }
}

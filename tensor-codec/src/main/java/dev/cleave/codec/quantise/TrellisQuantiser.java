package dev.cleave.codec.quantise;

import dev.cleave.codec.entropy.RansDecoder;
import dev.cleave.codec.entropy.RansEncoder;
import dev.cleave.codec.payload.SideReader;

/** To come. */
public final class TrellisQuantiser implements Quantiser {
  /** For the rows that these plans are of. */
  public TrellisQuantiser(Plans plans) {
    if (plans.width() < 0) {
      throw new UnsupportedOperationException();
    }
  }

  @Override
  public Plan plan(int stepIndex) {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean quantise(Plan plan, float[] coordinates, int rows, Symbols symbols) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long cost(Plan plan, Symbols symbols) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void encode(Plan plan, Symbols symbols, RansEncoder encoder) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void decode(
      Plan plan, RansDecoder decoder, SideReader rawBits, int rows, Symbols symbols) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void rewind(SideReader rawBits, SideReader escapes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void dequantise(Plan plan, Symbols symbols, int row, float[] out) {
    throw new UnsupportedOperationException();
  }
}

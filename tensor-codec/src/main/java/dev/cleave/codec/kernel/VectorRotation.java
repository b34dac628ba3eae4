package dev.cleave.codec.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarKernels#rotate} with the Vector API: two or three stages between a load and a store,
 * which is where additions, not stores, become the bound. Stateless.
 */
final class VectorRotation {
  private static final VectorSpecies<Float> FLOATS = VectorKernels.FLOATS;
  private static final int LANES = FLOATS.length();
  private static final int BLOCK = ScalarKernels.BLOCK;
  private static final int ROW = ScalarKernels.ROW;

  private static final VectorShuffle<Float> S0 = exchange(0);
  private static final VectorShuffle<Float> S1 = exchange(1);
  private static final VectorShuffle<Float> S2 = exchange(2);
  private static final VectorShuffle<Float> S3 = exchange(3);
  private static final VectorShuffle<Float> S4 = exchange(4);
  private static final VectorShuffle<Float> S5 = exchange(5);
  private static final VectorShuffle<Float> S6 = exchange(6);
  private static final VectorShuffle<Float> S7 = exchange(7);
  private static final VectorShuffle<Float> S8 = exchange(8);
  private static final VectorShuffle<Float> S9 = exchange(9);
  private static final VectorShuffle<Float> S10 = exchange(10);
  private static final VectorShuffle<Float> S11 = exchange(11);
  private static final VectorShuffle<Float> S12 = exchange(12);
  private static final VectorShuffle<Float> S13 = exchange(13);
  private static final VectorShuffle<Float> S14 = exchange(14);
  private static final VectorShuffle<Float> S15 = exchange(15);

  private VectorRotation() {}

  private static VectorShuffle<Float> exchange(int k) {
    return VectorShuffle.fromOp(FLOATS, lane -> (lane ^ k) % LANES);
  }

  /** Blocks first against one another, then each by itself. */
  static void rotate(float[] values, int at, int n) {
    int size = n;
    for (; size >= 8 * BLOCK; size /= 8) {
      for (int i = at; i < at + n; i += size) {
        for (int j = 0; j < size / 8; j += LANES) {
          oct(values, i + j, size / 8);
        }
      }
    }
    if (size == 4 * BLOCK) {
      for (int i = at; i < at + n; i += size) {
        for (int j = 0; j < BLOCK; j += LANES) {
          quad(values, i + j, BLOCK);
        }
      }
    } else if (size == 2 * BLOCK) {
      for (int i = at; i < at + n; i += size) {
        for (int j = 0; j < BLOCK; j += LANES) {
          pair(values, i + j, BLOCK);
        }
      }
    }
    for (int i = at; i < at + n; i += BLOCK) {
      columns(values, i);
      if (LANES == ROW) {
        shearedQuad(values, i, S0, S4, S8, S12);
        shearedQuad(values, i + ROW, S1, S5, S9, S13);
        shearedQuad(values, i + 2 * ROW, S2, S6, S10, S14);
        shearedQuad(values, i + 3 * ROW, S3, S7, S11, S15);
        lowerColumns(values, i);
      } else {
        ScalarKernels.shear(values, i, BLOCK);
        columns(values, i);
      }
    }
  }

  /** The 16-point transform along the columns of a block. */
  private static void columns(float[] values, int at) {
    for (int j = 0; j < 4 * ROW; j += LANES) {
      quad(values, at + j, 4 * ROW);
    }
    lowerColumns(values, at);
  }

  private static void lowerColumns(float[] values, int at) {
    for (int i = at; i < at + BLOCK; i += 4 * ROW) {
      for (int j = 0; j < ROW; j += LANES) {
        quad(values, i + j, ROW);
      }
    }
  }

  private static void pair(float[] values, int i, int stride) {
    FloatVector a = FloatVector.fromArray(FLOATS, values, i);
    FloatVector b = FloatVector.fromArray(FLOATS, values, i + stride);
    a.add(b).intoArray(values, i);
    a.sub(b).intoArray(values, i + stride);
  }

  /** Two stages, of strides {@code 2 * stride} and {@code stride}. */
  private static void quad(float[] values, int i, int stride) {
    FloatVector a = FloatVector.fromArray(FLOATS, values, i);
    FloatVector b = FloatVector.fromArray(FLOATS, values, i + stride);
    FloatVector c = FloatVector.fromArray(FLOATS, values, i + 2 * stride);
    FloatVector d = FloatVector.fromArray(FLOATS, values, i + 3 * stride);
    FloatVector ac = a.add(c);
    FloatVector bd = b.add(d);
    FloatVector lessC = a.sub(c);
    FloatVector lessD = b.sub(d);
    ac.add(bd).intoArray(values, i);
    ac.sub(bd).intoArray(values, i + stride);
    lessC.add(lessD).intoArray(values, i + 2 * stride);
    lessC.sub(lessD).intoArray(values, i + 3 * stride);
  }

  /** The shear of four rows, and the first two stages along the columns of a block. */
  private static void shearedQuad(
      float[] values,
      int i,
      VectorShuffle<Float> first,
      VectorShuffle<Float> second,
      VectorShuffle<Float> third,
      VectorShuffle<Float> fourth) {
    int stride = 4 * ROW;
    FloatVector a = FloatVector.fromArray(FLOATS, values, i).rearrange(first);
    FloatVector b = FloatVector.fromArray(FLOATS, values, i + stride).rearrange(second);
    FloatVector c = FloatVector.fromArray(FLOATS, values, i + 2 * stride).rearrange(third);
    FloatVector d = FloatVector.fromArray(FLOATS, values, i + 3 * stride).rearrange(fourth);
    FloatVector ac = a.add(c);
    FloatVector bd = b.add(d);
    FloatVector lessC = a.sub(c);
    FloatVector lessD = b.sub(d);
    ac.add(bd).intoArray(values, i);
    ac.sub(bd).intoArray(values, i + stride);
    lessC.add(lessD).intoArray(values, i + 2 * stride);
    lessC.sub(lessD).intoArray(values, i + 3 * stride);
  }

  /** Three stages, of strides {@code 4 * stride}, {@code 2 * stride} and {@code stride}. */
  private static void oct(float[] values, int i, int stride) {
    FloatVector a = FloatVector.fromArray(FLOATS, values, i);
    FloatVector b = FloatVector.fromArray(FLOATS, values, i + stride);
    FloatVector c = FloatVector.fromArray(FLOATS, values, i + 2 * stride);
    FloatVector d = FloatVector.fromArray(FLOATS, values, i + 3 * stride);
    FloatVector e = FloatVector.fromArray(FLOATS, values, i + 4 * stride);
    FloatVector f = FloatVector.fromArray(FLOATS, values, i + 5 * stride);
    FloatVector g = FloatVector.fromArray(FLOATS, values, i + 6 * stride);
    FloatVector h = FloatVector.fromArray(FLOATS, values, i + 7 * stride);
    FloatVector ae = a.add(e);
    FloatVector bf = b.add(f);
    FloatVector cg = c.add(g);
    FloatVector dh = d.add(h);
    FloatVector lessE = a.sub(e);
    FloatVector lessF = b.sub(f);
    FloatVector lessG = c.sub(g);
    FloatVector lessH = d.sub(h);
    a = ae.add(cg);
    b = bf.add(dh);
    c = ae.sub(cg);
    d = bf.sub(dh);
    e = lessE.add(lessG);
    f = lessF.add(lessH);
    g = lessE.sub(lessG);
    h = lessF.sub(lessH);
    a.add(b).intoArray(values, i);
    a.sub(b).intoArray(values, i + stride);
    c.add(d).intoArray(values, i + 2 * stride);
    c.sub(d).intoArray(values, i + 3 * stride);
    e.add(f).intoArray(values, i + 4 * stride);
    e.sub(f).intoArray(values, i + 5 * stride);
    g.add(h).intoArray(values, i + 6 * stride);
    g.sub(h).intoArray(values, i + 7 * stride);
  }
}

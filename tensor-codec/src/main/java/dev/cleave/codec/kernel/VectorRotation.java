package dev.cleave.codec.kernel;

import jdk.incubator.vector.FloatVector;
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

  private VectorRotation() {}

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
      if (LANES == ROW) {
        VectorBlock.rotate(values, i);
      } else {
        columns(values, i);
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

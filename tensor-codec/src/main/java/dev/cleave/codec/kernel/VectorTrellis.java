package dev.cleave.codec.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarKernels#extendPaths} with the Vector API, a state in each lane. Costs are at least
 * 0, so that their bits are in their order. Stateless.
 */
final class VectorTrellis {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
  static final int LANES = FLOATS.length();

  private static final VectorShuffle<Float> BEFORE0 =
      VectorShuffle.fromValues(FLOATS, 0, 2, 0, 2, 3, 1, 3, 1);
  private static final VectorShuffle<Float> BEFORE1 =
      VectorShuffle.fromValues(FLOATS, 4, 6, 4, 6, 5, 7, 5, 7);

  /** The ways of the first element in a vector, and of the second. */
  private static final VectorShuffle<Float> WAYS0 =
      VectorShuffle.fromValues(FLOATS, 0, 0, 1, 1, 3, 2, 2, 3);

  private static final VectorShuffle<Float> WAYS1 =
      VectorShuffle.fromValues(FLOATS, 1, 1, 0, 0, 2, 3, 3, 2);
  private static final VectorShuffle<Float> NEXT_WAYS0 =
      VectorShuffle.fromValues(FLOATS, 4, 4, 5, 5, 7, 6, 6, 7);
  private static final VectorShuffle<Float> NEXT_WAYS1 =
      VectorShuffle.fromValues(FLOATS, 5, 5, 4, 4, 6, 7, 7, 6);

  private VectorTrellis() {}

  static void extendPaths(float[] metrics, int n, float[] costs, byte[] decisions, int at) {
    FloatVector paths = FloatVector.fromArray(FLOATS, costs, 0);
    int pairs = n & ~1;
    for (int i = 0; i < pairs; i += 2) {
      FloatVector two = FloatVector.fromArray(FLOATS, metrics, Kernels.WAYS * i);
      IntVector a = paths.rearrange(BEFORE0).add(two.rearrange(WAYS0)).reinterpretAsInts();
      IntVector b = paths.rearrange(BEFORE1).add(two.rearrange(WAYS1)).reinterpretAsInts();
      decisions[at + i] = (byte) b.compare(VectorOperators.LT, a).toLong();
      paths = a.min(b).reinterpretAsFloats();
      a = paths.rearrange(BEFORE0).add(two.rearrange(NEXT_WAYS0)).reinterpretAsInts();
      b = paths.rearrange(BEFORE1).add(two.rearrange(NEXT_WAYS1)).reinterpretAsInts();
      decisions[at + i + 1] = (byte) b.compare(VectorOperators.LT, a).toLong();
      paths = a.min(b).reinterpretAsFloats();
    }
    if (pairs < n) {
      FloatVector one = FloatVector.fromArray(FLOATS, metrics, Kernels.WAYS * pairs);
      IntVector a = paths.rearrange(BEFORE0).add(one.rearrange(WAYS0)).reinterpretAsInts();
      IntVector b = paths.rearrange(BEFORE1).add(one.rearrange(WAYS1)).reinterpretAsInts();
      decisions[at + pairs] = (byte) b.compare(VectorOperators.LT, a).toLong();
      paths = a.min(b).reinterpretAsFloats();
    }
    paths.intoArray(costs, 0);
    ScalarKernels.lower(costs);
  }
}

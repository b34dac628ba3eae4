package dev.cleave.codec.kernel;

/**
 * What {@link Kernels} offers, behind its checks of sizes. Implementations agree bit for bit with
 * {@link ScalarKernels}, and are stateless.
 */
interface KernelSupport {
  void center(float[] rows, int at, Affine map, float gain, float[] out);

  void restore(float[] row, Affine map, float gain, float[] out, int at);

  float maxMagnitude(float[] values, int at, int n);

  double sumOfSquares(float[] values, int at, int n);

  int quantise(float[] values, int at, int n, Cut cut, byte[] symbols);

  void quantise(float[] values, int n, float inverseStep, int limit, byte[] q);

  void rotate(float[] values, int at, int n);

  void multiply(float[] rows, int count, float[] matrix, int width, float[] out);

  void extendPaths(float[] metrics, int n, float[] costs, byte[] decisions, int at);
}

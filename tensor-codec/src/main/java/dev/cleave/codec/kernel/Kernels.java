package dev.cleave.codec.kernel;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Objects;

/**
 * The loops over floats that codecs spend their time in: vector code where the JVM was started with
 * {@code --add-modules jdk.incubator.vector}, else scalar code, to the same bits. Which of the two
 * is decided here, once, and said in one log line when it is the slow one. Stateless, thread-safe;
 * arrays are borrowed until return and may not overlap except where said.
 *
 * <p>Every result is defined to the last bit: additions have one order, and no multiplication is
 * fused with an addition. Sizes are checked here: {@link IndexOutOfBoundsException} or {@link
 * IllegalArgumentException} when arrays are too short.
 */
public final class Kernels {
  /** Ways on from the states of a trellis, of which each state has two. */
  public static final int WAYS = 4;

  /** States of a trellis. */
  public static final int STATES = 8;

  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /**
   * Products of a matrix until which scalar code computes them. Until the compiler has seen it,
   * vector code is slower by far: a process that codes one prompt and ends had its first token 0.2
   * s later for it (d = 192, 72 positions).
   */
  private static final long COLD_PRODUCTS = 1L << 27;

  private static final KernelSupport SCALAR = new ScalarKernels();
  private static final KernelSupport SUPPORT = choose();

  /** Shared without care: what is counted twice or not at all changes no result. */
  private static long products;

  private Kernels() {}

  /** Whether the vector code is in use. */
  public static boolean vectorised() {
    return !(SUPPORT instanceof ScalarKernels);
  }

  /**
   * A row less its offsets, scaled: {@code out[c] = ((rows[at + c] - offset[c]) * gain) *
   * factor[c]}.
   *
   * @param rows f32, of which {@code map.width()} from {@code at} on are read
   * @param gain of the whole row, 1 for none
   * @param out takes f32 [width] from index 0 on; may be {@code rows} when {@code at} is 0
   */
  public static void center(float[] rows, int at, Affine map, float gain, float[] out) {
    Objects.checkFromIndexSize(at, map.width(), rows.length);
    Objects.checkFromIndexSize(0, map.width(), out.length);
    SUPPORT.center(rows, at, map, gain, out);
  }

  /**
   * The way back: {@code out[at + c] = (row[c] * gain) * factor[c] + offset[c]}.
   *
   * @param row f32 [width] from index 0 on
   * @param out takes f32 [width] from {@code at} on; may be {@code row} when {@code at} is 0
   */
  public static void restore(float[] row, Affine map, float gain, float[] out, int at) {
    Objects.checkFromIndexSize(0, map.width(), row.length);
    Objects.checkFromIndexSize(at, map.width(), out.length);
    SUPPORT.restore(row, map, gain, out, at);
  }

  /**
   * The largest magnitude of {@code n} values from {@code at} on, 0 for none. Not finite exactly
   * when one of them is not: compare with {@code !(max <= Float.MAX_VALUE)}.
   */
  public static float maxMagnitude(float[] values, int at, int n) {
    Objects.checkFromIndexSize(at, n, values.length);
    return SUPPORT.maxMagnitude(values, at, n);
  }

  /**
   * The sum of the squares of {@code n} values from {@code at} on, in double: value i goes to
   * partial sum i mod 16, and these add up by halves, i with i + 8, then i + 4, 2, 1.
   */
  public static double sumOfSquares(float[] values, int at, int n) {
    Objects.checkFromIndexSize(at, n, values.length);
    return SUPPORT.sumOfSquares(values, at, n);
  }

  /**
   * The first {@code n} values times {@code inverseStep} in f32, rounded half even, clamped to
   * {@code -limit..limit}.
   *
   * @param values finite: of NaN, any number within the limit comes
   * @param inverseStep finite
   * @param limit 1 to 127
   */
  public static void quantise(float[] values, int n, float inverseStep, int limit, byte[] q) {
    Objects.checkFromIndexSize(0, n, Math.min(values.length, q.length));
    if (limit < 1 || limit > Byte.MAX_VALUE) {
      throw new IllegalArgumentException("the limit must be 1 to 127, was " + limit);
    }
    SUPPORT.quantise(values, n, inverseStep, limit, q);
  }

  /**
   * The symbols of {@code n} values from {@code at} on: {@code floor(value * perStep + 1/2) +
   * reach}, to single precision, or {@link Cut#beyond} where that is not among the cells. Of NaN,
   * {@link Cut#beyond} comes.
   *
   * @param symbols takes them, from {@code at} on
   * @return the highest symbol, 0 for none
   */
  public static int quantise(float[] values, int at, int n, Cut cut, byte[] symbols) {
    Objects.checkFromIndexSize(at, n, Math.min(values.length, symbols.length));
    return SUPPORT.quantise(values, at, n, cut, symbols);
  }

  /**
   * Replaces {@code n} values from {@code at} on by their product with a symmetric matrix whose
   * entries are all 1 or -1 and whose square is n times the identity: its own inverse but for the
   * factor n. Below 256 it is the Walsh-Hadamard matrix. From 256 on it is that of n/256 times, in
   * Kronecker's sense, {@code H S H} for blocks of 16 rows by 16 columns, where H is the 16-point
   * Walsh-Hadamard transform along the columns and S exchanges column c of row k with column c xor
   * k: as many additions as Walsh-Hadamard, and none of them within a vector.
   *
   * @param n a power of two
   */
  public static void rotate(float[] values, int at, int n) {
    Objects.checkFromIndexSize(at, n, values.length);
    if (Integer.bitCount(n) != 1) {
      throw new IllegalArgumentException("a rotation takes a power of two values, not " + n);
    }
    SUPPORT.rotate(values, at, n);
  }

  /**
   * Rows times a matrix: {@code out[r, i] = sum over c of rows[r, c] * matrix[c, i]}, from 0 with
   * ascending c, each product rounded to f32 before it is added.
   *
   * @param rows f32 [count, width]
   * @param matrix f32 [width, width]
   * @param out takes f32 [count, width]; not {@code rows}
   */
  public static void multiply(float[] rows, int count, float[] matrix, int width, float[] out) {
    if (width < 1 || matrix.length != (long) width * width) {
      throw new IllegalArgumentException(
          "a matrix of width %d cannot have %d factors".formatted(width, matrix.length));
    }
    Objects.checkFromIndexSize(0L, (long) count * width, Math.min(rows.length, out.length));
    if (products < COLD_PRODUCTS) {
      products += (long) count * width * width;
      SCALAR.multiply(rows, count, matrix, width, out);
    } else {
      SUPPORT.multiply(rows, count, matrix, width, out);
    }
  }

  /**
   * Extends the cheapest path to each of the eight states of a trellis by {@code n} elements. Each
   * state has two states that may come before it, each with the way from there:
   *
   * <pre>
   *    state                    0     1     2     3     4     5     6     7
   *    decision 0: before,way   0,0   2,0   0,1   2,1   3,3   1,2   3,2   1,3
   *    decision 1: before,way   4,1   6,1   4,0   6,0   5,2   7,3   5,3   7,2
   * </pre>
   *
   * Decision 1 is taken where it is cheaper. In the end the least cost is subtracted from all.
   *
   * @param metrics f32 [n, 4], what each way costs, at least 0 and finite; with room for an even
   *     number of elements
   * @param costs f32 [8], of the paths, at least 0; changed
   * @param decisions takes a byte an element from {@code at} on: bit s is what state s decided
   */
  public static void extendPaths(float[] metrics, int n, float[] costs, byte[] decisions, int at) {
    Objects.checkFromIndexSize(0, (n + (n & 1L)) * WAYS, metrics.length);
    Objects.checkFromIndexSize(0, STATES, costs.length);
    Objects.checkFromIndexSize(at, n, decisions.length);
    SUPPORT.extendPaths(metrics, n, costs, decisions, at);
  }

  private static KernelSupport choose() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()) {
      try {
        // By name: without the module, the class must not even be linked.
        return Class.forName(Kernels.class.getPackageName() + ".VectorKernels")
            .asSubclass(KernelSupport.class)
            .getDeclaredConstructor()
            .newInstance();
      } catch (ReflectiveOperationException | LinkageError e) {
        return scalar("the vector code failed to load: " + e);
      }
    }
    return scalar(
        "module " + VECTOR_MODULE + " is absent: start java with --add-modules " + VECTOR_MODULE);
  }

  private static KernelSupport scalar(String reason) {
    Logger log = System.getLogger(Kernels.class.getName());
    log.log(Level.INFO, "kernels=scalar reason=\"" + reason + "\"");
    return new ScalarKernels();
  }
}

package dev.cleave.hat.quantise;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/**
 * Between real values, f32, and what a device's buffers hold, all little endian: vector code where
 * the JVM was started with {@code --add-modules jdk.incubator.vector}, else scalar code, to the
 * same bits. Stateless, thread-safe, allocates nothing. Segments, of the heap or not, aligned or
 * not, are borrowed until return and may not overlap.
 *
 * <p>Stored is {@code rint(clip(value, limitLow, limitHigh) / scale + zeroPoint)} in f32, half
 * even, clamped to the type, as the vendor converts (hailo/quantization.hpp, HailoRT 5.2); with
 * identity parameters nothing is clipped but to the type. Back, it is {@code (stored - zeroPoint) *
 * scale}.
 *
 * <p>Refused with {@link IllegalArgumentException}: quantisation per feature, parameters that make
 * no sense, and values that are no numbers, for which there is no integer. Infinities are clipped.
 * {@link IndexOutOfBoundsException} when a segment is too short.
 */
public final class QuantKernels {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /**
   * Values that scalar code converts first. Until the compiler has seen it, vector code is slower
   * by far: the first frame of 64 x 768 took it 600 ms, and the next ones 50 ms each, against 70
   * and 10.
   */
  private static final long COLD_VALUES = 1L << 22;

  /** Values that vector code converts then, so many of a call, until all is left to it. */
  private static final long WARMING_VALUES = 1L << 21;

  private static final int WARMING_PORTION = 1024;

  /** Shared without care, as the next: what is counted twice or not at all changes no result. */
  private static long seen;

  private static long warmed;

  private QuantKernels() {}

  /**
   * Chosen when it is first needed: loading the vector code takes time that short runs do not have.
   */
  private static final class Fast {
    static final QuantSupport SUPPORT = choose();

    private Fast() {}
  }

  /** Whether the vector code is in use, once it has been warmed up. */
  public static boolean vectorised() {
    return !(Fast.SUPPORT instanceof ScalarQuantKernels);
  }

  /** How many of {@code n} values, the first ones, are not for the scalar code. */
  private static int fastPart(int n) {
    if (seen < COLD_VALUES) {
      seen += n;
      return 0;
    }
    if (warmed < WARMING_VALUES) {
      int part = Math.min(n, WARMING_PORTION);
      warmed += part;
      return part;
    }
    return n;
  }

  /**
   * Quantises to a byte each.
   *
   * @param values f32 [n]
   * @param stored takes n bytes; when a value is refused, what they are means nothing
   */
  public static void toUint8(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    check(values, stored, n, Byte.BYTES, info);
    checkLimits(info);
    int part = fastPart(n);
    boolean numbers = part == 0 || Fast.SUPPORT.toUint8(values, part, info, stored);
    if (!(ScalarQuantKernels.toUint8(values, n, info, stored, part) && numbers)) {
      throw notANumber(n);
    }
  }

  /**
   * Quantises to two bytes each.
   *
   * @param values f32 [n]
   * @param stored takes 2 n bytes; when a value is refused, what they are means nothing
   */
  public static void toUint16(MemorySegment values, int n, QuantInfo info, MemorySegment stored) {
    check(values, stored, n, Short.BYTES, info);
    checkLimits(info);
    int part = fastPart(n);
    boolean numbers = part == 0 || Fast.SUPPORT.toUint16(values, part, info, stored);
    if (!(ScalarQuantKernels.toUint16(values, n, info, stored, part) && numbers)) {
      throw notANumber(n);
    }
  }

  /**
   * Real values of a byte each.
   *
   * @param values takes f32 [n]
   */
  public static void fromUint8(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    check(values, stored, n, Byte.BYTES, info);
    int part = fastPart(n);
    if (part > 0) {
      Fast.SUPPORT.fromUint8(stored, part, info, values);
    }
    ScalarQuantKernels.fromUint8(stored, n, info, values, part);
  }

  /**
   * Real values of two bytes each.
   *
   * @param values takes f32 [n]
   */
  public static void fromUint16(MemorySegment stored, int n, QuantInfo info, MemorySegment values) {
    check(values, stored, n, Short.BYTES, info);
    int part = fastPart(n);
    if (part > 0) {
      Fast.SUPPORT.fromUint16(stored, part, info, values);
    }
    ScalarQuantKernels.fromUint16(stored, n, info, values, part);
  }

  private static void check(
      MemorySegment values, MemorySegment stored, int n, int storedBytes, QuantInfo info) {
    if (n < 0 || n > values.byteSize() / Float.BYTES || n > stored.byteSize() / storedBytes) {
      throw new IndexOutOfBoundsException(
          "%d values of f32 and of %d bytes do not fit in %d and %d bytes"
              .formatted(n, storedBytes, values.byteSize(), stored.byteSize()));
    }
    if (info.perFeature()) {
      throw new IllegalArgumentException(
          "the edge is quantised per feature, with parameters that are not known: compile the model"
              + " with one scale for the edge");
    }
    // Also where it is NaN.
    if (!(info.scale() > 0 && info.scale() <= Float.MAX_VALUE)
        || !(Math.abs(info.zeroPoint()) <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "a scale must be positive and a zero point finite, were %s and %s"
              .formatted(info.scale(), info.zeroPoint()));
    }
  }

  private static void checkLimits(QuantInfo info) {
    if (!info.identity() && !(info.limitLow() < info.limitHigh())) {
      throw new IllegalArgumentException(
          "limits must be ordered, were %s and %s".formatted(info.limitLow(), info.limitHigh()));
    }
  }

  private static IllegalArgumentException notANumber(int n) {
    return new IllegalArgumentException(
        "one of the %d values is not a number: what computed it is at fault".formatted(n));
  }

  private static QuantSupport choose() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()) {
      try {
        // By name: without the module, the class must not even be linked.
        return Class.forName(QuantKernels.class.getPackageName() + ".VectorQuantKernels")
            .asSubclass(QuantSupport.class)
            .getDeclaredConstructor()
            .newInstance();
      } catch (ReflectiveOperationException | LinkageError e) {
        return scalar("the vector code failed to load: " + e);
      }
    }
    return scalar(
        "module " + VECTOR_MODULE + " is absent: start java with --add-modules " + VECTOR_MODULE);
  }

  private static QuantSupport scalar(String reason) {
    Logger log = System.getLogger(QuantKernels.class.getName());
    log.log(Level.INFO, "quantisation=scalar reason=\"" + reason + "\"");
    return new ScalarQuantKernels();
  }
}

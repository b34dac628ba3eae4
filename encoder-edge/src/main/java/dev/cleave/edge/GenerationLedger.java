package dev.cleave.edge;

import dev.cleave.codec.Certificate;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the receipt of one generation will say of its times, in nanoseconds of {@link
 * System#nanoTime()}, and of the positions sent. Thread-safe: the upload writes its part, the
 * reader of the answer the rest.
 */
final class GenerationLedger {
  private final String engine;
  private final long startNanos = System.nanoTime();
  private volatile long encodeNanos;
  private volatile long firstTokenNanos;
  private volatile long lastTokenNanos;
  private volatile long endNanos;
  private volatile int positionsSent;
  private volatile @Nullable Certificate certificate;
  private volatile long certifyNanos;
  private final CountDownLatch uploadEnded = new CountDownLatch(1);

  /** Begins now, for a prompt that this engine computes. */
  GenerationLedger(String engine) {
    this.engine = engine;
  }

  String engine() {
    return engine;
  }

  long elapsedNanos() {
    return System.nanoTime() - startNanos;
  }

  void encoded(long nanos) {
    encodeNanos = nanos;
  }

  void sent(int positions) {
    positionsSent = positions;
  }

  int positionsSent() {
    return positionsSent;
  }

  void token() {
    lastTokenNanos = elapsedNanos();
    if (firstTokenNanos == 0) {
      firstTokenNanos = lastTokenNanos;
    }
  }

  void end() {
    endNanos = elapsedNanos();
  }

  void certified(Certificate measured, long nanos) {
    certificate = measured;
    certifyNanos = nanos;
  }

  /** The upload writes nothing more. */
  void uploadEnded() {
    uploadEnded.countDown();
  }

  /**
   * What the codec cost, waiting until it is measured: a few milliseconds at most after the prompt
   * was sent.
   *
   * @return null where it was not, as the upload failed
   */
  Receipt.@Nullable Measured measured(boolean exact) {
    try {
      uploadEnded.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
    Certificate it = certificate;
    return it == null ? null : measured(it, certifyNanos, exact);
  }

  /** A certificate for people. */
  static Receipt.Measured measured(Certificate it, long nanos, boolean exact) {
    return new Receipt.Measured(
        exact && it.distortionDb() == null,
        rounded(it.distortionDb()),
        rounded(it.weightedDistortionDb()),
        rounded(it.boundBitsPerElement()),
        millis(nanos));
  }

  private static @Nullable Double rounded(@Nullable Double value) {
    return value == null ? null : (Double) round(value, 1000);
  }

  Receipt.Timing timing(int tokens) {
    return timing(encodeNanos, firstTokenNanos, lastTokenNanos - firstTokenNanos, endNanos, tokens);
  }

  /** Times in nanoseconds for people; {@code decodeNanos} are those after the first token. */
  static Receipt.Timing timing(
      long encodeNanos, long firstTokenNanos, long decodeNanos, long endNanos, int tokens) {
    double perSecond =
        decodeNanos > 0 ? (tokens - 1) * (double) TimeUnit.SECONDS.toNanos(1) / decodeNanos : 0;
    return new Receipt.Timing(
        millis(encodeNanos), millis(firstTokenNanos), millis(endNanos), round(perSecond, 10));
  }

  private static double millis(long nanos) {
    return round(nanos / 1e6, 1000);
  }

  static double round(double value, int parts) {
    return Math.rint(value * parts) / parts;
  }
}

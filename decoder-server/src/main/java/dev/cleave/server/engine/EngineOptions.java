package dev.cleave.server.engine;

import dev.cleave.split.torch.WeightPrecision;
import java.util.Objects;

/**
 * How a decoder engine is to be opened. Immutable.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the weights; KV is f32 in either
 * @param slots sessions whose KV is allocated
 * @param maxSource the most prompt positions of a slot
 * @param maxNewTokens the most generated tokens of a slot
 * @param threads that one computation is spread over on a CPU
 */
public record EngineOptions(
    String device,
    WeightPrecision precision,
    int slots,
    int maxSource,
    int maxNewTokens,
    int threads) {

  public EngineOptions {
    if (!device.matches("cpu|cuda:[0-9]{1,3}")) {
      throw new IllegalArgumentException("device must be cpu or cuda:N, got " + device);
    }
    Objects.requireNonNull(precision, "precision");
    requirePositive("slots", slots);
    requirePositive("maxSource", maxSource);
    requirePositive("maxNewTokens", maxNewTokens);
    requirePositive("threads", threads);
  }

  /** With as many threads as {@code OMP_NUM_THREADS} says, or else as there are cores. */
  public EngineOptions(
      String device, WeightPrecision precision, int slots, int maxSource, int maxNewTokens) {
    this(device, precision, slots, maxSource, maxNewTokens, defaultThreads());
  }

  /** The same, computing on this many threads. */
  public EngineOptions withThreads(int count) {
    return new EngineOptions(device, precision, slots, maxSource, maxNewTokens, count);
  }

  /** As many as {@code OMP_NUM_THREADS} says, or else as there are cores. */
  public static int defaultThreads() {
    String wish = System.getenv("OMP_NUM_THREADS");
    return wish != null && wish.matches("[1-9][0-9]{0,3}")
        ? Integer.parseInt(wish)
        : Runtime.getRuntime().availableProcessors();
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }
}

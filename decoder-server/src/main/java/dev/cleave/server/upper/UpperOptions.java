package dev.cleave.server.upper;

import dev.cleave.server.engine.EngineOptions;
import dev.cleave.split.torch.WeightPrecision;
import java.util.Objects;

/**
 * How an {@link UpperEngine} is to be opened. Immutable.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param precision of the weights; KV is f32 in each
 * @param sizes how many sessions of what length
 * @param threads that one computation is spread over on a CPU
 */
public record UpperOptions(String device, WeightPrecision precision, Sizes sizes, int threads) {

  /**
   * The room of an engine.
   *
   * @param slots sessions at once
   * @param maxPositions the longest a session may become
   * @param maxStepPositions the most positions of one step, all segments together
   */
  public record Sizes(int slots, int maxPositions, int maxStepPositions) {
    public Sizes {
      requirePositive("slots", slots);
      requirePositive("maxPositions", maxPositions);
      requirePositive("maxStepPositions", maxStepPositions);
    }
  }

  public UpperOptions {
    if (!device.matches("cpu|cuda:[0-9]{1,3}")) {
      throw new IllegalArgumentException("device must be cpu or cuda:N, got " + device);
    }
    Objects.requireNonNull(precision, "precision");
    Objects.requireNonNull(sizes, "sizes");
    requirePositive("threads", threads);
  }

  /** With as many threads as {@code OMP_NUM_THREADS} says, or else as there are cores. */
  public UpperOptions(String device, WeightPrecision precision, Sizes sizes) {
    this(device, precision, sizes, EngineOptions.defaultThreads());
  }

  /** The same, computing on this many threads. */
  public UpperOptions withThreads(int count) {
    return new UpperOptions(device, precision, sizes, count);
  }

  private static void requirePositive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be positive, got " + value);
    }
  }
}

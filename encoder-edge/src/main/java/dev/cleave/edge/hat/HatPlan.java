package dev.cleave.edge.hat;

import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.split.hailo.CompiledModel;
import dev.cleave.split.hailo.EmbeddingTable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * What a {@link HatEncoder} is made of.
 *
 * @param engine {@link EngineChoice#HAT} or {@link EngineChoice#HAT_SIM}
 * @param library over the board or the simulator
 * @param models by length, ascending; all of one width
 * @param embedding the file of an {@link EmbeddingTable}
 * @param width elements of the boundary tensor per position
 */
public record HatPlan(
    EngineChoice engine, Path library, List<CompiledModel> models, Path embedding, int width) {
  /** The chip takes some tens of milliseconds; the vendor's own calls give up after this. */
  private static final int DEFAULT_TIMEOUT_MILLIS = 10_000;

  public HatPlan {
    Objects.requireNonNull(library, "library");
    Objects.requireNonNull(embedding, "embedding");
    models = List.copyOf(models);
    if (engine != EngineChoice.HAT && engine != EngineChoice.HAT_SIM) {
      throw new IllegalArgumentException("engine must be hat or hat-sim: " + engine);
    }
    if (models.isEmpty() || width < 1) {
      throw new IllegalArgumentException(
          "models must be there and width positive: %d and %d".formatted(models.size(), width));
    }
  }

  /** The lengths that there are models for. */
  List<Integer> lengths() {
    return models.stream().map(model -> model.name().positions()).toList();
  }

  /** The longest input. */
  int longest() {
    return lengths().getLast();
  }

  /** For one run on the board: the property {@code cleave.hat.timeout.millis}. */
  Duration timeout() {
    int millis = Integer.getInteger("cleave.hat.timeout.millis", DEFAULT_TIMEOUT_MILLIS);
    return Duration.ofMillis(Math.clamp(millis, 1, 600_000));
  }
}

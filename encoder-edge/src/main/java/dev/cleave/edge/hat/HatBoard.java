package dev.cleave.edge.hat;

import dev.cleave.hat.HatDevice;
import dev.cleave.hat.HatException;
import dev.cleave.hat.HatLibrary;
import dev.cleave.split.hailo.CompiledModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A device with the encoder at all of its lengths. Thread-safe until it is closed; nothing may run
 * then.
 */
final class HatBoard implements AutoCloseable {
  private final HatDevice device;
  private final List<HatBucket> buckets;

  private HatBoard(HatDevice device, List<HatBucket> buckets) {
    this.device = device;
    this.buckets = buckets;
  }

  /**
   * Opens the first device and loads the models. Blocks for up to 45 seconds for each.
   *
   * @param models by length, ascending
   * @throws HatException when there is no device, it is taken, or a model does not fit
   */
  static HatBoard open(HatLibrary library, List<CompiledModel> models, int width) {
    HatBoard board = new HatBoard(library.open(""), new ArrayList<>());
    try {
      for (CompiledModel model : models) {
        int positions = model.name().positions();
        board.buckets.add(HatBucket.of(board.device.load(model.file()), positions, width));
      }
      return board;
    } catch (RuntimeException e) {
      board.close();
      throw e;
    }
  }

  /** The shortest that holds so many positions; empty where none does. */
  Optional<HatBucket> fitting(int positions) {
    return buckets.stream().filter(bucket -> bucket.positions() >= positions).findFirst();
  }

  /** Succeeds though the connection is lost. */
  @Override
  public void close() {
    buckets.forEach(HatBucket::close);
    device.close();
  }
}

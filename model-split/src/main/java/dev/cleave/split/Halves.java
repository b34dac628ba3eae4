package dev.cleave.split;

import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.error.CheckpointRefused;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;

/** A model that was found to be fit for splitting, and how each of its halves is written. */
sealed interface Halves permits Seq2SeqHalves, CausalHalves {
  /** The answer's length when neither caller nor checkpoint says one. */
  int DEFAULT_MAX_NEW_TOKENS = 256;

  String architecture();

  BundleManifest.Boundary boundary();

  BundleManifest.Limits limits();

  /**
   * What the checkpoint asks for and is not done, and what the split itself should be known for.
   */
  List<String> notes();

  /** Writes all but the tokenizer and the calibration text; returns how many numbers it holds. */
  long writeDevice(Output output) throws IOException;

  /** Writes all of the server half; returns how many numbers it holds. */
  long writeServer(Output output) throws IOException;

  /** The limit that was asked for, or the default, if the model allows it. */
  static int limit(String what, OptionalInt wanted, int byDefault, int model) {
    int value = wanted.orElse(Math.min(model, byDefault));
    if (value < 1 || value > model) {
      throw new CheckpointRefused(what, value + " is not in [1, " + model + "], the model's own");
    }
    return value;
  }

  static long elements(List<TensorData> tensors) {
    return tensors.stream().mapToLong(t -> t.bytes().byteSize() / t.dtype().bytes()).sum();
  }

  static long bytes(List<TensorData> tensors) {
    return tensors.stream().mapToLong(t -> t.bytes().byteSize()).sum();
  }
}

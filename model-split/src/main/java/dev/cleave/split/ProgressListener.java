package dev.cleave.split;

/** Told how far a split is; called on the splitting thread, cheaply and often. */
@FunctionalInterface
public interface ProgressListener {
  /** Tells nobody. */
  ProgressListener NONE = (step, done, total) -> {};

  /**
   * Some bytes were written.
   *
   * @param step what is being written: "encoder", "decoder", "hashes"
   * @param done bytes of this step so far
   * @param total bytes of this step
   */
  void progress(String step, long done, long total);
}

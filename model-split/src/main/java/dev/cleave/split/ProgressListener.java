package dev.cleave.split;

/** Told how far a split is; called on the splitting thread, often: be quick. */
@FunctionalInterface
public interface ProgressListener {
  /** Tells nobody. */
  ProgressListener NONE = progress -> {};

  /** Some bytes were written. */
  void progress(Progress progress);

  /**
   * How far one step is.
   *
   * @param step what is being written: "encoder" or "decoder"
   * @param doneBytes of this step so far
   * @param totalBytes of this step; 0 is never announced
   */
  record Progress(String step, long doneBytes, long totalBytes) {}
}

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
   * @param step what is being done, for people: "encoder", "decoder", "server half"
   * @param doneBytes of this step so far
   * @param totalBytes of this step at the most; 0 is never announced
   */
  record Progress(String step, long doneBytes, long totalBytes) {}
}

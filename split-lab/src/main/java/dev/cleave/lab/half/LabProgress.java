package dev.cleave.lab.half;

/** Told how far a calibration is; called often and from several threads: be quick. */
@FunctionalInterface
public interface LabProgress {
  /** Tells nobody. */
  LabProgress NONE = (stage, done, total) -> {};

  /**
   * Some of a stage is done.
   *
   * @param stage what is being done, for people
   * @param done so far
   * @param total of this stage; 0 where it is not known beforehand
   */
  void at(String stage, int done, int total);
}

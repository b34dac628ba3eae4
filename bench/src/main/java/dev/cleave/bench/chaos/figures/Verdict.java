package dev.cleave.bench.chaos.figures;

/** What a row says of its goal. */
public enum Verdict {
  /** What must hold held in every case. */
  HELD("held"),
  /** What must hold did not: the run fails. */
  BROKEN("BROKEN"),
  /** A time or a rate is as good as was wanted. */
  MET("met"),
  /** A time or a rate is not; that fails no run, as a loaded machine would. */
  MISSED("missed");

  private final String text;

  Verdict(String text) {
    this.text = text;
  }

  /** Of something that must hold. */
  public static Verdict held(boolean holds) {
    return holds ? HELD : BROKEN;
  }

  /** Of a time or a rate. */
  public static Verdict met(boolean met) {
    return met ? MET : MISSED;
  }

  /** As it stands in the table. */
  public String text() {
    return text;
  }
}

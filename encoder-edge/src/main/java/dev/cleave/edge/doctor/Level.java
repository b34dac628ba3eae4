package dev.cleave.edge.doctor;

/** What a finding means for the person who asked. */
public enum Level {
  /** Looked at, and as it should be. */
  OK("ok"),
  /** Works, but worse than it could. */
  WARNING("warning"),
  /** Something that is here does not work until it is mended. */
  PROBLEM("problem"),
  /** Not on this machine, which is no fault: nothing else here needs it. */
  NOT_THERE("not there");

  private final String text;

  Level(String text) {
    this.text = text;
  }

  /** As it is printed: lower case. */
  public String text() {
    return text;
  }
}

package dev.cleave.bench.chaos.work;

/** The two kinds of models that are split. */
public enum Kind {
  /** The server decodes alone: the reference model of this repository. */
  ENCODER_DECODER("encoder-decoder", 900),
  /** The device takes part in each token: a small model with random weights. */
  CAUSAL("causal", 200);

  private final String text;
  private final int longest;

  Kind(String text, int longest) {
    this.text = text;
    this.longest = longest;
  }

  /** The kinds in turn. */
  public static Kind of(int round) {
    return round % 2 == 0 ? ENCODER_DECODER : CAUSAL;
  }

  /** In words. */
  public String text() {
    return text;
  }

  /** Tokens of an answer that is long enough to be cut off anywhere. */
  public int longest() {
    return longest;
  }
}

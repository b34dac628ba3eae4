package dev.cleave.split.bundle;

/** Where a model is cut in two. */
public sealed interface SplitPoint {
  /** Between encoder and decoder: one upload, then the server decodes alone. */
  record EncoderDecoder() implements SplitPoint {}

  /**
   * Between two layers of a decoder-only model: one upload for each step.
   *
   * @param at the layers that run on the device, which are the first; 0 is the embedding alone
   * @param layers all there are
   * @param tiedHead whether the head is the embedding table, which the server then holds as well
   */
  record Causal(int at, int layers, boolean tiedHead) implements SplitPoint {
    public Causal {
      if (layers < 1 || layers > 1024 || at < 0 || at >= layers) {
        throw new IllegalArgumentException(
            "a split must leave layers in [1, 1024] on the server: " + at + " of " + layers);
      }
    }

    /** Of a model whose head has a table of its own. */
    public Causal(int at, int layers) {
      this(at, layers, false);
    }
  }
}

package dev.cleave.lab.half;

/**
 * What the server half is asked about a sample: one next-token distribution after another. Holds
 * personal data: never printed. Borrows its arrays.
 */
public final class Asked {
  private final Sample sample;
  private final int[] inputs;
  private final int first;
  private final int count;

  private Asked(Sample sample, int[] inputs, int first, int count) {
    this.sample = sample;
    this.inputs = inputs;
    this.first = first;
    this.count = count;
  }

  /** Behind each token that a decoder is fed, with the sample as its prompt. */
  static Asked along(Sample sample, int[] inputs) {
    return new Asked(sample, inputs, 0, inputs.length);
  }

  /** Behind the last position of the prompt and each that follows. */
  static Asked of(Sample sample) {
    int first = Math.max(0, sample.framing().prompt() - 1);
    return new Asked(sample, new int[0], first, sample.positions() - first);
  }

  /** The same about what arrived of the sample. */
  public Asked of(float[] arrived) {
    return new Asked(sample.withStates(arrived), inputs, first, count);
  }

  /** The text. */
  public Sample sample() {
    return sample;
  }

  /** What a decoder is fed; nothing where the text is its own. */
  int[] inputs() {
    return inputs;
  }

  /** The first position that is asked about, of a model that has but the text. */
  int first() {
    return first;
  }

  /** Distributions. */
  public int count() {
    return count;
  }
}

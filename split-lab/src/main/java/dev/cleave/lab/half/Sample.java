package dev.cleave.lab.half;

import java.util.Map;

/**
 * One text with the boundary tensor that the device half makes of it. Holds personal data: never
 * printed. Arrays are shared, not copied; safe to read from several threads.
 */
public final class Sample {
  private final int positions;
  private final float[] states;
  private final Framing framing;
  private final Map<String, String> rightAnswer;

  /**
   * A sample of these parts.
   *
   * @param positions tokens of the text
   * @param states f32 {@code [positions, width]}
   * @param framing how they are sent
   * @param rightAnswer fields by name; empty where the text came without an answer
   */
  public Sample(int positions, float[] states, Framing framing, Map<String, String> rightAnswer) {
    this.positions = positions;
    this.states = states;
    this.framing = framing;
    this.rightAnswer = Map.copyOf(rightAnswer);
  }

  /** Tokens of the text. */
  public int positions() {
    return positions;
  }

  /** The boundary tensor itself, f32 {@code [positions, width]}; not to be written to. */
  public float[] states() {
    return states;
  }

  /** How they are sent. */
  public Framing framing() {
    return framing;
  }

  /** The fields that are right; empty where nobody said. */
  public Map<String, String> rightAnswer() {
    return rightAnswer;
  }

  /** The same text with another tensor. */
  public Sample withStates(float[] other) {
    return new Sample(positions, other, framing, rightAnswer);
  }
}

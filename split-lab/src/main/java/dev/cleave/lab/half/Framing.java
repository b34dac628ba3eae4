package dev.cleave.lab.half;

/**
 * How a session cuts the positions of a text into frames: those of its prompt into some that grow,
 * each of the others into one of its own. Immutable.
 *
 * @param first positions of the first frame
 * @param most positions of the largest; each has twice those of the one before up to this
 * @param prompt positions that are sent this way
 */
public record Framing(int first, int most, int prompt) {
  /** As many as the device puts into one frame of an encoder's output. */
  private static final int ENCODER_FRAME = 128;

  /** The first chunk that the device computes of a causal model's prompt, and the largest. */
  private static final int FIRST_CHUNK = 16;

  private static final int LARGEST_CHUNK = 64;

  public Framing {
    if (first < 1 || most < first || prompt < 0) {
      throw new IllegalArgumentException(
          "frames must grow from at least 1, and a prompt not be negative: %d, %d, %d"
              .formatted(first, most, prompt));
    }
  }

  /** A prompt that is uploaded whole. */
  public static Framing ofUpload(int positions) {
    return new Framing(ENCODER_FRAME, ENCODER_FRAME, positions);
  }

  /** A prompt in growing chunks, then a step for each further position. */
  public static Framing ofSession(int prompt) {
    return new Framing(FIRST_CHUNK, LARGEST_CHUNK, prompt);
  }

  /** Positions of the frame that starts here. */
  public int frameAt(int start) {
    if (start >= prompt) {
      return 1;
    }
    int size = first;
    for (int at = size; at <= start; at += size) {
      size = Math.min(most, 2 * size);
    }
    return Math.min(size, prompt - start);
  }
}

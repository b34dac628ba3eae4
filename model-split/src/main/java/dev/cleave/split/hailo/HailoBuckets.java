package dev.cleave.split.hailo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The lengths that the encoder is compiled for. An input runs at the shortest that holds it.
 *
 * @param lengths in positions, ascending
 */
public record HailoBuckets(List<Integer> lengths) {
  /** What a short note, a message and a letter need. */
  public static final HailoBuckets DEFAULT = new HailoBuckets(List.of(32, 64, 128));

  /** Each is compiled, stored and loaded by itself. */
  private static final int MOST = 8;

  /** The scores of all heads grow with the square: 512 positions are 1 MiB a head. */
  private static final int LONGEST = 512;

  /** Transfers are a multiple of 8 bytes, and compilers like even rows. */
  private static final int MULTIPLE = 8;

  public HailoBuckets {
    lengths = List.copyOf(lengths);
    if (lengths.isEmpty() || lengths.size() > MOST) {
      throw new IllegalArgumentException("lengths must be 1 to " + MOST + ": " + lengths.size());
    }
    int last = 0;
    for (int length : lengths) {
      if (length % MULTIPLE != 0 || length > LONGEST || length <= last) {
        throw new IllegalArgumentException(
            "lengths must be ascending multiples of %d up to %d: %s"
                .formatted(MULTIPLE, LONGEST, lengths));
      }
      last = length;
    }
  }

  /**
   * Lengths as people write them: {@code 32,64,128}.
   *
   * @throws IllegalArgumentException when they are no such list
   */
  public static HailoBuckets parse(String text) {
    List<Integer> lengths = new ArrayList<>();
    for (String part : Arrays.asList(text.split(",", -1))) {
      if (!part.strip().matches("[0-9]{1,6}")) {
        throw new IllegalArgumentException("lengths must be numbers with commas: " + text);
      }
      lengths.add(Integer.parseInt(part.strip()));
    }
    return new HailoBuckets(lengths);
  }

  /** The longest. */
  public int longest() {
    return lengths.getLast();
  }

  /** The shortest that holds so many positions; empty where none does. */
  public Optional<Integer> fitting(int positions) {
    return lengths.stream().filter(length -> length >= positions).findFirst();
  }
}

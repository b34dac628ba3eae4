package dev.cleave.edge.text;

import java.util.List;

/**
 * Finds stop strings in text that comes in pieces. Text that may be the beginning of a stop string
 * is held back until that is decided. Which text comes out does not depend on where the pieces are
 * cut: the stop string that ends first wins, and of those the longest. Confined to one thread.
 */
public final class StopScanner {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean stopped;

  /** A scanner for these strings, none of them empty; with no strings all text passes at once. */
  public StopScanner(List<String> stops) {
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("a stop string must not be empty");
    }
    this.stops = List.copyOf(stops);
  }

  /** The text that may be shown after this piece; none after a stop string was found. */
  public String push(String piece) {
    if (stopped) {
      return "";
    }
    held.append(piece);
    int stopStart = -1;
    int stopEnd = Integer.MAX_VALUE;
    for (String stop : stops) {
      int start = held.indexOf(stop);
      int end = start + stop.length();
      if (start >= 0 && (end < stopEnd || (end == stopEnd && start < stopStart))) {
        stopStart = start;
        stopEnd = end;
      }
    }
    if (stopStart >= 0) {
      stopped = true;
      return take(stopStart);
    }
    return take(held.length() - undecided());
  }

  /** Whether a stop string was found. */
  public boolean stopped() {
    return stopped;
  }

  /** The text held back, once no piece follows. */
  public String finish() {
    return stopped ? "" : take(held.length());
  }

  /** The length of the longest end of the text that begins a stop string. */
  private int undecided() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String take(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }
}

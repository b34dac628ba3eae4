package dev.cleave.edge.text;

import java.util.Arrays;

/**
 * Turns the tokens of one answer into text as they come. The pieces, concatenated, are exactly what
 * {@link HfTokenizer#decode} makes of all the tokens at once, and a piece never ends inside a
 * character: a token that may be half of one is held back until the rest has come or the answer
 * ends. Confined to one thread.
 *
 * <p>How: tokens are decoded together with those of the piece before, since decoders treat the
 * first token of a text in their own way (the leading space of Metaspace), and what the earlier
 * ones gave is cut off. The cost of a token is two decodings of a few tokens, however long the
 * answer is.
 */
public final class StreamingDetokenizer {
  /** What every decoder writes for bytes that are not, or not yet, a character. */
  private static final String REPLACEMENT = "\uFFFD";

  private final HfTokenizer tokenizer;

  /** The tokens of the piece shown last, then those not shown yet. */
  private int[] window = new int[16];

  private int windowLength;

  /** How many of {@link #window} were shown. */
  private int shown;

  /** The text of the shown part of the window by itself. */
  private String shownText = "";

  StreamingDetokenizer(HfTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The text that became certain with this token, often one word, sometimes nothing. */
  public String push(int id) {
    if (!tokenizer.isVisible(id)) {
      return "";
    }
    if (windowLength == window.length) {
      window = Arrays.copyOf(window, 2 * windowLength);
    }
    window[windowLength++] = id;
    if (tokenizer.isBytePiece(id)) {
      // A run of byte pieces is decoded as a whole: one bad byte at its end turns all of it into
      // replacement characters, so nothing of it is certain before it has ended.
      return "";
    }
    String text = decode(0, windowLength);
    if (text.endsWith(REPLACEMENT) || !text.startsWith(shownText)) {
      return "";
    }
    String piece = text.substring(shownText.length());
    advance();
    return piece;
  }

  /** The rest of the text once no token follows; afterwards this object is done. */
  public String finish() {
    String text = decode(0, windowLength);
    String piece = text.startsWith(shownText) ? text.substring(shownText.length()) : "";
    windowLength = 0;
    shown = 0;
    shownText = "";
    return piece;
  }

  private void advance() {
    System.arraycopy(window, shown, window, 0, windowLength - shown);
    windowLength -= shown;
    shown = windowLength;
    shownText = decode(0, shown);
  }

  private String decode(int from, int to) {
    return tokenizer.decode(Arrays.copyOfRange(window, from, to));
  }
}

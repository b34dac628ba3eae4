package dev.cleave.edge.causal;

import java.util.List;

/**
 * Says what comes after a history of ids; depends on all of them, and on the seed. What it says
 * repeats earlier text more or less often, so that drafts stand more or less often.
 *
 * @param vocabulary ids are below this
 * @param repetition of 100, how often it goes on as it did after the same id before
 */
public record FakeModel(int vocabulary, int repetition) {
  int next(List<Integer> ids, long seed) {
    int hash = mix(ids.hashCode() + 31 * Long.hashCode(seed));
    int size = ids.size();
    if (Math.floorMod(hash, 100) < repetition) {
      for (int end = size - 1; end >= 1; end--) {
        if (ids.get(end - 1).equals(ids.get(size - 1))) {
          return ids.get(end);
        }
      }
      return ids.get(Math.floorMod(hash >> 8, size));
    }
    return Math.floorMod(hash >> 8, vocabulary);
  }

  private static int mix(int x) {
    int h = x * 0x9E3779B1;
    h = (h ^ (h >>> 15)) * 0x85EBCA77;
    return h ^ (h >>> 13);
  }
}

package dev.cleave.lab.measure;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * Counts the fields of answers that are exactly right. A field is a line {@code name: value}; it
 * counts when it is expected or answered, and is right when both say the same. Confined to one
 * thread.
 */
public final class FieldScore {
  private long right;
  private long all;

  /** The fields of an answer, by name; the last of two with one name stands. */
  public static Map<String, String> fields(String answer) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : answer.split("\n", -1)) {
      int colon = line.indexOf(": ");
      if (colon >= 0) {
        fields.put(line.substring(0, colon), line.substring(colon + 2));
      }
    }
    return fields;
  }

  /** Counts one answer. */
  public void add(Map<String, String> expected, Map<String, String> answered) {
    TreeSet<String> names = new TreeSet<>(expected.keySet());
    names.addAll(answered.keySet());
    for (String name : names) {
      all++;
      String value = expected.get(name);
      right += value != null && value.equals(answered.get(name)) ? 1 : 0;
    }
  }

  /** Fields counted. */
  public long count() {
    return all;
  }

  /** The share that is right; 1 where none was counted. */
  public double share() {
    return all == 0 ? 1 : (double) right / all;
  }
}

package dev.cleave.lab.measure;

import dev.cleave.lab.half.Asked;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What is asked of the server half at once, so that its logits stay bounded. Stateless. */
final class Batches {
  private static final int MAX_ROWS = 16;

  /** Elements of logits, 64 MB of floats; a single row may have more. */
  private static final long MAX_LOGITS = 16 << 20;

  private Batches() {}

  /** Rows of about as many distributions together. */
  static List<List<Asked>> byLength(List<Asked> asked, int vocabulary) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, asked.size()).boxed().toList());
    order.sort(Comparator.<Integer>comparingInt(i -> asked.get(i).count()).thenComparing(i -> i));
    return inOrder(order.stream().map(asked::get).toList(), vocabulary, MAX_ROWS);
  }

  /** Rows as they come. */
  static List<List<Asked>> inOrder(List<Asked> asked, int vocabulary, int maxRows) {
    List<List<Asked>> batches = new ArrayList<>();
    List<Asked> rows = new ArrayList<>();
    int most = 0;
    for (Asked row : asked) {
      int longest = Math.max(most, row.count());
      if (!rows.isEmpty()
          && (rows.size() == maxRows || (rows.size() + 1L) * longest * vocabulary > MAX_LOGITS)) {
        batches.add(List.copyOf(rows));
        rows.clear();
        longest = row.count();
      }
      rows.add(row);
      most = longest;
    }
    if (!rows.isEmpty()) {
      batches.add(rows);
    }
    return batches;
  }
}

package dev.cleave.bench.chaos.figures;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The rows of one run, and what failed with what reproduces it. Thread-safe. */
public final class Report {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Row> rows = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();

  /** Adds a row and says so on standard error. */
  public synchronized void add(Row row) {
    rows.add(row);
    System.err.println("  " + row.markdown());
  }

  /**
   * A case in which something that must hold did not.
   *
   * @param reproduction the command and the round
   */
  public synchronized void failure(String reproduction, String why) {
    String line = why + "; again with: " + reproduction;
    failures.add(line);
    System.err.println("  FAILED: " + line);
  }

  /** The rows so far. */
  public synchronized List<Row> rows() {
    return List.copyOf(rows);
  }

  /** The failed cases so far. */
  public synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  /** Whether everything held that must. */
  public synchronized boolean held() {
    return failures.isEmpty() && rows.stream().noneMatch(row -> row.verdict() == Verdict.BROKEN);
  }

  /** The table in Markdown, then the failures. */
  public synchronized String markdown(long seed) {
    StringBuilder text = new StringBuilder("| what | goal | measured | |\n|---|---|---|---|\n");
    rows.forEach(row -> text.append(row.markdown()).append('\n'));
    text.append("seed ").append(seed).append('\n');
    failures.forEach(failure -> text.append("FAILED: ").append(failure).append('\n'));
    return text.toString();
  }

  /** The same as JSON. */
  public synchronized String json(long seed) {
    ObjectNode root = JSON.createObjectNode().put("seed", seed).put("held", held());
    ArrayNode array = root.putArray("rows");
    for (Row row : rows) {
      array
          .addObject()
          .put("what", row.what())
          .put("goal", row.goal())
          .put("measured", row.figure())
          .put("verdict", row.verdict().name());
    }
    ArrayNode failed = root.putArray("failures");
    failures.forEach(failed::add);
    return root.toPrettyString();
  }
}

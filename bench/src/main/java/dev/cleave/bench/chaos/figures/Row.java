package dev.cleave.bench.chaos.figures;

/**
 * One row of the table.
 *
 * @param what was done
 * @param goal in words
 * @param figure what was measured, in words
 * @param verdict whether that is the goal
 */
public record Row(String what, String goal, String figure, Verdict verdict) {
  /** As a row of a Markdown table. */
  public String markdown() {
    return "| %s | %s | %s | %s |".formatted(what, goal, figure, verdict.text());
  }
}

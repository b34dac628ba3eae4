package dev.cleave.bench.split;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures of models that are cut between two layers, by name. */
public final class SplitBenchmarks {
  /** All of them. */
  public static final String ALL = "split";

  private interface Figure {
    void measure(Conditions conditions) throws IOException, InterruptedException;
  }

  private static final Map<String, Figure> FIGURES = figures();

  private SplitBenchmarks() {}

  private static Map<String, Figure> figures() {
    Map<String, Figure> figures = new LinkedHashMap<>();
    figures.put("split-tokens", TokensFigure::run);
    figures.put("split-bytes", BytesFigure::run);
    figures.put("split-step", StepFigure::run);
    figures.put("split-sessions", SessionsFigure::run);
    figures.put("split-prefill", PrefillFigure::run);
    figures.put("split-drafts", DraftsFigure::run);
    return figures;
  }

  /** Whether this is one of them, or {@link #ALL}. */
  public static boolean knows(String name) {
    return name.equals(ALL) || FIGURES.containsKey(name);
  }

  /**
   * Measures some, and prints one table of all.
   *
   * @param names which, each of which is {@linkplain #knows known}
   * @param cuts layers on the device, for each of which all is measured
   * @param threads of one computation, on both sides
   */
  public static void run(List<String> names, List<Integer> cuts, int threads)
      throws IOException, InterruptedException {
    List<String> wanted = new ArrayList<>();
    for (String name : names) {
      wanted.addAll(name.equals(ALL) ? FIGURES.keySet() : List.of(name));
    }
    Figures figures = new Figures();
    try (SplitModel model = SplitModel.open()) {
      for (int at : cuts) {
        figures.cut(at);
        Conditions conditions = new Conditions(model, at, threads, figures);
        for (Map.Entry<String, Figure> figure : FIGURES.entrySet()) {
          if (wanted.contains(figure.getKey())) {
            System.err.println("measuring " + figure.getKey() + " with k = " + at + " ...");
            figure.getValue().measure(conditions);
          }
        }
      }
    }
    figures.print();
  }
}

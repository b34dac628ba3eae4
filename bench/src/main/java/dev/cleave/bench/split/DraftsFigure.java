package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.bench.measure.ShapedLink;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Receipt;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * What a round trip of 50 ms costs an answer that quotes its prompt: tokens a second with it over
 * those without, where the device drafts and where it does not.
 */
final class DraftsFigure {
  private static final double ROUND_TRIP_MILLIS = 50;

  /** Fewer than the text that is quoted has: what comes behind it is no quotation. */
  private static final int TOKENS = 64;

  /** The most tokens of a draft; the first is what a caller would try first. */
  private static final List<Integer> DRAFTS = List.of(8, 16);

  private static final int ROUNDS = 3;

  private DraftsFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    double infinite = Double.POSITIVE_INFINITY;
    try (ServerProcess server = it.server("--max-sessions", "4");
        ShapedLink nearLink = ShapedLink.to(server.port(), ShapedLink.Shape.of(infinite, 0));
        ShapedLink farLink =
            ShapedLink.to(server.port(), ShapedLink.Shape.of(infinite, ROUND_TRIP_MILLIS));
        CleaveClient near = it.client(nearLink.address());
        CleaveClient far = it.client(farLink.address())) {
      int[] prompt = it.model().prompt(near, SplitModel.QUOTE);
      GenerateOptions without = GenerateOptions.defaults().withMaxNewTokens(TOKENS).ignoringEos();
      Ratio plain = new Ratio("without", "tokens/s");
      List<Drafted> drafted = DRAFTS.stream().map(Drafted::new).toList();
      for (int round = -1; round < ROUNDS; round++) {
        double farPlain = Answers.rate(far, prompt, without);
        double nearPlain = Answers.rate(near, prompt, without);
        for (Drafted each : drafted) {
          GenerateOptions with = without.withDrafts(each.most);
          Receipt farReceipt = Answers.answer(far, prompt, with);
          Receipt nearReceipt = Answers.answer(near, prompt, with);
          if (round >= 0) {
            each.round(farReceipt, nearReceipt, nearPlain);
          }
        }
        if (round >= 0) {
          plain.round(farPlain, nearPlain);
        }
      }
      drafted.forEach(each -> each.tell(it.figures()));
      it.figures()
          .add("split-drafts +50 ms over +0 ms, none", plain.ratio(), plain.sides("far", "near"));
    }
  }

  /** What drafts of one length do. */
  private static final class Drafted {
    final int most;
    private final Ratio ratio;
    private final Ratio gained;
    private int sent;
    private int stood;

    Drafted(int most) {
      this.most = most;
      this.ratio = new Ratio("with drafts of " + most, "tokens/s");
      this.gained = new Ratio("far with %d, near without".formatted(most), "tokens/s");
    }

    void round(Receipt far, Receipt near, double nearPlain) {
      double rate = far.timing().tokensPerSecond();
      ratio.round(rate, near.timing().tokensPerSecond());
      gained.round(rate, nearPlain);
      sent += Answers.steps(far).draftsSent();
      stood += Answers.steps(far).draftsAccepted();
    }

    void tell(Figures figures) {
      figures.add(
          "split-drafts +50 ms over +0 ms, %d drafts".formatted(most),
          ratio.ratio(),
          Goal.atLeast(0.6),
          String.format(
              Locale.ROOT, "%d of %d drafts stood; %s", stood, sent, ratio.sides("far", "near")));
      figures.add(
          "split-drafts +50 ms, %d over +0 ms, none".formatted(most),
          gained.ratio(),
          gained.sides("far", "near"));
    }
  }
}

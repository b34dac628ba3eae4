package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.bench.measure.ShapedLink;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Receipt;
import java.io.IOException;
import java.util.Locale;

/**
 * What a round trip of 50 ms costs an answer that quotes its prompt: tokens a second with it over
 * those without, where the device drafts and where it does not.
 */
final class DraftsFigure {
  private static final double ROUND_TRIP_MILLIS = 50;

  /** Fewer than the text that is quoted has: what comes behind it is no quotation. */
  private static final int TOKENS = 64;

  private static final int DRAFTS = 8;
  private static final int ROUNDS = 3;

  private DraftsFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    Ratio drafted = new Ratio("with drafts", "tokens/s");
    Ratio plain = new Ratio("without", "tokens/s");
    Ratio gained = new Ratio("far with, near without", "tokens/s");
    int sent = 0;
    int stood = 0;
    double infinite = Double.POSITIVE_INFINITY;
    try (ServerProcess server = it.server("--max-sessions", "4");
        ShapedLink nearLink = ShapedLink.to(server.port(), ShapedLink.Shape.of(infinite, 0));
        ShapedLink farLink =
            ShapedLink.to(server.port(), ShapedLink.Shape.of(infinite, ROUND_TRIP_MILLIS));
        CleaveClient near = it.client(nearLink.address());
        CleaveClient far = it.client(farLink.address())) {
      int[] prompt = it.model().prompt(near, SplitModel.QUOTE);
      GenerateOptions without = GenerateOptions.defaults().withMaxNewTokens(TOKENS).ignoringEos();
      GenerateOptions with = without.withDrafts(DRAFTS);
      for (int round = -1; round < ROUNDS; round++) {
        Receipt farDrafted = Answers.answer(far, prompt, with);
        Receipt nearDrafted = Answers.answer(near, prompt, with);
        double farPlain = Answers.rate(far, prompt, without);
        double nearPlain = Answers.rate(near, prompt, without);
        if (round >= 0) {
          drafted.round(
              farDrafted.timing().tokensPerSecond(), nearDrafted.timing().tokensPerSecond());
          plain.round(farPlain, nearPlain);
          gained.round(farDrafted.timing().tokensPerSecond(), nearPlain);
          sent += Answers.steps(farDrafted).draftsSent();
          stood += Answers.steps(farDrafted).draftsAccepted();
        }
      }
    }
    it.figures()
        .add(
            "split-drafts +50 ms over +0 ms, 8 drafts",
            drafted.ratio(),
            Goal.atLeast(0.6),
            String.format(
                Locale.ROOT,
                "%d of %d drafts stood; %s",
                stood,
                sent,
                drafted.sides("far", "near")));
    it.figures()
        .add("split-drafts +50 ms over +0 ms, none", plain.ratio(), plain.sides("far", "near"));
    it.figures()
        .add(
            "split-drafts +50 ms, 8 over +0 ms, none", gained.ratio(), gained.sides("far", "near"));
  }
}

package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * Tokens a second of a split over loopback, against both halves in one process without codec,
 * scheduler and network. Prompts and first tokens are in neither.
 */
final class TokensFigure {
  private static final int TOKENS = 32;
  private static final int ROUNDS = 8;
  private static final int WARM_UP_ROUNDS = 1;

  private TokensFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    for (WeightPrecision precision : List.of(WeightPrecision.F32, WeightPrecision.BF16)) {
      Ratio ratio = new Ratio("split over loopback", "tokens/s");
      String name = precision.name().toLowerCase(Locale.ROOT);
      try (ServerProcess server = it.server("--max-sessions", "2", "--precision", name);
          CleaveClient client = it.client(server.address());
          Halves halves = Halves.open(it, precision)) {
        int[] prompt = it.model().prompt(client, SplitModel.QUESTION);
        GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(TOKENS).ignoringEos();
        for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
          // Who comes second may find another machine: they take turns at it.
          double split = round % 2 == 0 ? Answers.rate(client, prompt, options) : 0;
          double whole = halves.tokensPerSecond(prompt, TOKENS);
          split = round % 2 == 0 ? split : Answers.rate(client, prompt, options);
          if (round >= 0) {
            ratio.round(split, whole);
          }
        }
      }
      it.figures()
          .add(
              "split-tokens %s, over one process".formatted(name),
              ratio.ratio(),
              Goal.atLeast(0.98),
              ratio.sides("split", "one process"));
    }
  }
}

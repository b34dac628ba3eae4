package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.bench.measure.ShapedLink;
import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.SessionOptions;
import dev.cleave.split.torch.WeightPrecision;
import java.io.IOException;
import java.util.Locale;

/**
 * Time to the first token of a long prompt over a narrow link, against the slowest of its three
 * parts alone and one round trip: device half, link and server half work at the same time. Each
 * part is measured in the chunks that suit it best.
 */
final class PrefillFigure {
  private static final int POSITIONS = 512;
  private static final int ROUNDS = 5;
  private static final double MEGABITS_PER_SECOND = 20;
  private static final double ROUND_TRIP_MILLIS = 40;
  private static final int[] CHUNKS = {64, 128, 512};
  private static final Goal GOAL = Goal.atMost(1.15);

  private PrefillFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    Ratio open = new Ratio("open session", "ms");
    Ratio fresh = new Ratio("fresh session", "ms");
    Ratio connecting = new Ratio("fresh connection", "ms");
    double[] parts = new double[2];
    double[] serverByChunk = new double[CHUNKS.length];
    int[] prompt = it.model().anyIds(POSITIONS);
    GenerateOptions one = GenerateOptions.defaults().withMaxNewTokens(1).ignoringEos();
    ShapedLink.Shape shape = ShapedLink.Shape.of(MEGABITS_PER_SECOND, ROUND_TRIP_MILLIS);
    try (ServerProcess server = it.server("--max-sessions", "4");
        CleaveClient near = it.client(server.address());
        Halves halves = Halves.open(it, WeightPrecision.F32)) {
      for (int n = 0; n < 3; n++) {
        Answers.answer(near, prompt, one);
      }
      for (int round = -1; round < ROUNDS; round++) {
        double device = best(chunk -> halves.lowerSeconds(prompt, chunk));
        double upper = Double.POSITIVE_INFINITY;
        for (int i = 0; i < CHUNKS.length; i++) {
          double seconds = halves.upperSeconds(POSITIONS, CHUNKS[i]);
          upper = Math.min(upper, seconds);
          serverByChunk[i] += round < 0 ? 0 : seconds * 1e3 / ROUNDS;
        }
        // A connection of its own each time.
        try (ShapedLink link = ShapedLink.to(server.port(), shape);
            CleaveClient far = it.client(link.address())) {
          double first = Answers.answer(far, prompt, one).timing().firstTokenMillis();
          long before = link.bytesUp();
          double second = Answers.answer(far, prompt, one).timing().firstTokenMillis();
          double wire = (link.bytesUp() - before) * Byte.SIZE / MEGABITS_PER_SECOND / 1e3;
          double third = inOpenSession(far, prompt, one);
          if (round >= 0) {
            double bound = Math.max(Math.max(device, upper) * 1e3, wire) + ROUND_TRIP_MILLIS;
            connecting.round(first, bound);
            fresh.round(second, bound);
            open.round(third, bound);
            parts[0] += device * 1e3 / ROUNDS;
            parts[1] += wire / ROUNDS;
          }
        }
      }
    }
    String alone =
        String.format(
            Locale.ROOT,
            "alone: device %.0f ms, link %.0f ms, server %.0f, %.0f, %.0f ms by %d, %d, %d; ",
            parts[0],
            parts[1],
            serverByChunk[0],
            serverByChunk[1],
            serverByChunk[2],
            CHUNKS[0],
            CHUNKS[1],
            CHUNKS[2]);
    it.figures()
        .add(
            "split-prefill open session, over bound",
            open.ratio(),
            GOAL,
            alone + open.sides("first token", "bound"));
    it.figures()
        .add(
            "split-prefill fresh session, over bound",
            fresh.ratio(),
            GOAL,
            "waits a round trip for the server to open it; " + fresh.sides("first token", "bound"));
    it.figures()
        .add(
            "split-prefill fresh connection, over bound",
            connecting.ratio(),
            "waits one more for HTTP/2; " + connecting.sides("first token", "bound"));
  }

  /** Milliseconds to the first token where a turn has opened the session already. */
  private static double inOpenSession(CleaveClient client, int[] prompt, GenerateOptions one) {
    SessionOptions options = SessionOptions.defaults().withPositions(POSITIONS + 16);
    try (CausalSession session = client.openSession(options)) {
      Answers.answer(session, new int[] {prompt[0]}, one);
      return Answers.answer(session, prompt, one).timing().firstTokenMillis();
    }
  }

  private interface Part {
    double seconds(int chunk);
  }

  private static double best(Part part) {
    double best = Double.POSITIVE_INFINITY;
    for (int chunk : CHUNKS) {
      best = Math.min(best, part.seconds(chunk));
    }
    return best;
  }
}

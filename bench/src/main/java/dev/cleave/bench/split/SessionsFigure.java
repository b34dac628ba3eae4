package dev.cleave.bench.split;

import dev.cleave.bench.codec.Goal;
import dev.cleave.bench.measure.Ratio;
import dev.cleave.bench.measure.ServerProcess;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Receipt;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Tokens a second of many sessions together over those of one, through gRPC, prompts included. The
 * device halves of all sessions run in this process: they share the machine with the server.
 */
final class SessionsFigure {
  private static final int TOKENS = 48;
  private static final int ROUNDS = 5;

  /** More than sessions: one that has ended gives its slot back a moment later. */
  private static final String SLOTS = "32";

  private static final List<Integer> SESSIONS = List.of(8, 16);
  private static final Goal GOAL_OF_EIGHT = Goal.atLeast(3.5);

  private SessionsFigure() {}

  static void run(Conditions it) throws IOException, InterruptedException {
    for (String precision : List.of("f32", "bf16")) {
      try (ServerProcess server = it.server("--max-sessions", SLOTS, "--precision", precision);
          CleaveClient client = it.client(server.address());
          // Platform threads: the engine computes in native code.
          ExecutorService callers = Executors.newCachedThreadPool()) {
        int[] prompt = it.model().anyIds(8);
        tokensPerSecond(client, callers, prompt, 2);
        List<Ratio> ratios =
            SESSIONS.stream().map(n -> new Ratio(n + " sessions", "tokens/s")).toList();
        for (int round = 0; round < ROUNDS; round++) {
          double one = tokensPerSecond(client, callers, prompt, 1);
          for (int i = 0; i < ratios.size(); i++) {
            double many = tokensPerSecond(client, callers, prompt, SESSIONS.get(i));
            ratios.get(i).round(many, one);
          }
        }
        for (int i = 0; i < ratios.size(); i++) {
          add(it, precision, SESSIONS.get(i), ratios.get(i));
        }
      }
    }
  }

  private static void add(Conditions it, String precision, int sessions, Ratio ratio) {
    String what = "split-sessions %s, %d over 1".formatted(precision, sessions);
    if (sessions == 8) {
      String line = ratio.sides("together", "one");
      it.figures().add(what, ratio.ratio(), GOAL_OF_EIGHT, line);
    } else {
      it.figures().add(what, ratio.ratio(), ratio.sides("together", "one"));
    }
  }

  private record Span(long beganNanos, Receipt receipt) {
    /** When the last token was there; what a receipt measures comes after. */
    double endNanos() {
      return beganNanos + receipt.timing().totalMillis() * 1e6;
    }
  }

  private static double tokensPerSecond(
      CleaveClient client, ExecutorService callers, int[] prompt, int sessions)
      throws InterruptedException {
    GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(TOKENS).ignoringEos();
    long began = System.nanoTime();
    List<Future<Span>> answers = new ArrayList<>();
    for (int n = 0; n < sessions; n++) {
      answers.add(
          callers.submit(
              () -> new Span(System.nanoTime(), Answers.answer(client, prompt, options))));
    }
    double ended = began;
    for (Future<Span> answer : answers) {
      try {
        ended = Math.max(ended, answer.get().endNanos());
      } catch (ExecutionException e) {
        throw new IllegalStateException("a session failed", e.getCause());
      }
    }
    return sessions * TOKENS * 1e9 / (ended - began);
  }
}

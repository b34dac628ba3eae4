package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Sampling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sixteen sessions at once give, each, exactly the tokens it gives alone. */
class ManySessionsTest {
  private static final int SESSIONS = 16;

  @Test
  void sixteenAtOnceEqualEachAlone(@TempDir Path work)
      throws IOException, InterruptedException, ExecutionException {
    Path bundle = Bundles.reference(work);
    List<String> notes = new ArrayList<>();
    for (Bundles.Sample sample : Bundles.samples()) {
      // Different lengths on both sides: the note cut short, and other limits of the answer.
      int length = sample.note().length() - notes.size() % 4 * sample.note().length() / 6;
      notes.add(sample.note().substring(0, length));
    }
    try (ServerProcess server =
            ServerProcess.start(bundle, "--max-sessions", Integer.toString(SESSIONS));
        CleaveClient client = CleaveClient.open(bundle, server.address());
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<List<Integer>> alone = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        alone.add(tokens(client, notes.get(i), i));
      }
      assertThat(alone.stream().map(List::size).distinct().count())
          .as("lengths differ")
          .isGreaterThan(4);
      for (int round = 0; round < 3; round++) {
        List<Future<List<Integer>>> together = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
          int session = i;
          together.add(callers.submit(() -> tokens(client, notes.get(session), session)));
        }
        for (int i = 0; i < SESSIONS; i++) {
          assertThat(together.get(i).get()).as("session " + i).isEqualTo(alone.get(i));
        }
      }
    }
  }

  private static List<Integer> tokens(CleaveClient client, String note, int session) {
    GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(12 + 5 * session);
    if (session % 2 == 1) {
      options =
          options
              .withSampling(new Sampling(0.8f, 0, 1, OptionalLong.of(1000 + session)))
              .ignoringEos();
    }
    try (Generation answer = client.generate(note, options)) {
      answer.forEach(piece -> {});
      return java.util.Arrays.stream(answer.tokenIds()).boxed().toList();
    }
  }
}

package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.Sampling;
import dev.cleave.edge.SessionOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sessions on a model that is cut between two layers, through a server process. */
class CausalSessionsTest {
  private static final String MODEL = "llama3-rope-untied-bf16-sharded";
  private static final int AT = 2;
  private static final int VOCABULARY = 512;
  private static final int SESSIONS = 16;
  private static final int SLOTS = 2 * SESSIONS;
  private static final int DRAFT_CASES = 100;

  @Test
  void sixteenAtOnceEqualEachAloneAndLeaveNoKv(@TempDir Path work)
      throws IOException, InterruptedException, ExecutionException {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    try (ServerProcess server =
            // A budget this small cuts the prompts into steps that they share.
            ServerProcess.start(
                bundle, "--max-sessions", Integer.toString(SLOTS), "--step-budget", "48");
        CleaveClient client = CleaveClient.open(bundle, server.address());
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<List<Integer>> alone = new ArrayList<>();
      for (int i = 0; i < SESSIONS; i++) {
        alone.add(tokens(client, i));
      }
      for (int round = 0; round < 3; round++) {
        List<Future<List<Integer>>> together = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
          int session = i;
          together.add(callers.submit(() -> tokens(client, session)));
        }
        for (int i = 0; i < SESSIONS; i++) {
          assertThat(together.get(i).get()).as("session " + i).isEqualTo(alone.get(i));
        }
      }
      ServerLifeTest.awaitMetric(server, "cleave_kv_slots_free", SLOTS);
      ServerLifeTest.awaitMetric(server, "cleave_kv_used_bytes", 0);
      ServerLifeTest.awaitMetric(server, "cleave_sessions_open", 0);
    }
  }

  @Test
  void draftsChangeNothingButTheRoundTrips(@TempDir Path work) throws IOException {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    int roundTrips = 0;
    int roundTripsWithout = 0;
    int accepted = 0;
    // Two slots for two at once: those before have given theirs back when they are closed.
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2");
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      for (int seed = 0; seed < DRAFT_CASES; seed++) {
        int[] prompt = repetitive(seed);
        GenerateOptions options =
            GenerateOptions.defaults().withMaxNewTokens(10 + seed % 30).ignoringEos();
        if (seed % 2 == 1) {
          // Cool enough that drafts stand now and then.
          options = options.withSampling(new Sampling(0.3f, 0, 1, OptionalLong.of(seed)));
        }
        try (Generation plain = client.generateFromIds(prompt, options);
            Generation drafted = client.generateFromIds(prompt, options.withDrafts(1 + seed % 8))) {
          assertThat(drafted.text()).as("seed " + seed).isEqualTo(plain.text());
          assertThat(drafted.tokenIds()).as("seed " + seed).isEqualTo(plain.tokenIds());
          Receipt.Steps with = java.util.Objects.requireNonNull(drafted.receipt().steps());
          roundTrips += with.roundTrips();
          accepted += with.draftsAccepted();
          roundTripsWithout +=
              java.util.Objects.requireNonNull(plain.receipt().steps()).roundTrips();
        }
      }
    }
    assertThat(accepted).as("drafts that stood").isGreaterThan(50);
    assertThat(roundTrips).isLessThan(roundTripsWithout);
  }

  @Test
  void laterTurnsSendOnlyWhatIsNew(@TempDir Path work) throws IOException {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    GenerateOptions options = GenerateOptions.defaults().withMaxNewTokens(9).ignoringEos();
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "8");
        CleaveClient client = CleaveClient.open(bundle, server.address());
        CausalSession session = client.openSession(SessionOptions.defaults())) {
      List<Integer> conversation = new ArrayList<>();
      for (int turn = 0; turn < 4; turn++) {
        int[] said = random(turn, 11 + turn);
        conversation.addAll(Arrays.stream(said).boxed().toList());
        int[] whole = conversation.stream().mapToInt(Integer::intValue).toArray();
        int[] fresh;
        try (Generation answer = client.generateFromIds(whole, options)) {
          answer.forEach(piece -> {});
          fresh = answer.tokenIds();
        }
        try (Generation answer = session.generate(said, options)) {
          answer.forEach(piece -> {});
          assertThat(answer.tokenIds()).as("turn " + turn).isEqualTo(fresh);
          // All but the last token of the answer, and of the turn before the last one.
          int sent = said.length + fresh.length - 1 + (turn == 0 ? 0 : 1);
          assertThat(answer.receipt().sent().positions()).as("turn " + turn).isEqualTo(sent);
        }
        conversation.addAll(Arrays.stream(fresh).boxed().toList());
      }
    }
  }

  private static List<Integer> tokens(CleaveClient client, int session) {
    GenerateOptions options =
        GenerateOptions.defaults().withMaxNewTokens(12 + 3 * session).ignoringEos();
    if (session % 2 == 1) {
      options = options.withSampling(new Sampling(0.8f, 0, 1, OptionalLong.of(1000 + session)));
    }
    if (session % 3 == 0) {
      options = options.withDrafts(4);
    }
    try (Generation answer = client.generateFromIds(random(session, 3 + 11 * session), options)) {
      answer.forEach(piece -> {});
      return Arrays.stream(answer.tokenIds()).boxed().toList();
    }
  }

  /** Ids without a pattern, of no special token. */
  private static int[] random(int seed, int length) {
    return new SplittableRandom(seed).ints(length, 3, VOCABULARY).toArray();
  }

  /** A few runs of ids over and over, which prompt lookup finds again. */
  private static int[] repetitive(int seed) {
    int[] run = random(seed, 3 + seed % 5);
    int[] ids = new int[run.length * 6];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = run[i % run.length];
    }
    return ids;
  }
}

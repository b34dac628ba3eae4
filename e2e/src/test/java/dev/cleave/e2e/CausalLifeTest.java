package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.FinishReason;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.Sampling;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.replay.Recovery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process that serves the upper layers, under SIGTERM and SIGKILL, and under clients that
 * vanish.
 */
class CausalLifeTest {
  private static final String MODEL = "llama3-rope-untied-bf16-sharded";
  private static final int AT = 2;
  private static final int VOCABULARY = 512;
  private static final int SLOTS = 4;
  private static final int VANISHING = 40;
  private static final int TURNS = 3;
  private static final GenerateOptions LONG =
      GenerateOptions.defaults().withMaxNewTokens(200).ignoringEos();

  /** The session stays open on its device: the turn alone is waited for. */
  @Test
  void sigtermLetsTheTurnFinishAndExitsWithZero(@TempDir Path work) throws Exception {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "4");
        CleaveClient client =
            CleaveClient.open(
                bundle, ClientOptions.of(server.address()).withRecovery(Recovery.none()));
        CausalSession session = client.openSession(SessionOptions.defaults());
        ExecutorService waiter = Executors.newVirtualThreadPerTaskExecutor()) {
      int[] prompt = ids(1, 20);
      int[] undisturbed;
      try (Generation answer = client.generateFromIds(prompt, LONG)) {
        answer.forEach(piece -> {});
        undisturbed = answer.tokenIds();
      }
      try (Generation answer = session.generate(prompt, LONG)) {
        Iterator<String> pieces = answer.iterator();
        pieces.next();
        Future<Integer> exit = waiter.submit(server::terminate);
        awaitLine(server, "server=draining sessions=1");
        assertThat(answer.finished()).isFalse();
        pieces.forEachRemaining(piece -> {});
        assertThat(answer.tokenIds()).hasSize(200).isEqualTo(undisturbed);
        assertThat(exit.get(60, TimeUnit.SECONDS)).isZero();
      }
      assertThat(server.log()).contains("server=drained");
      assertThatThrownBy(() -> whole(session, ids(2, 3), LONG))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.category()).isNotEqualTo(Category.FATAL));
    }
  }

  @Test
  void clientsThatVanishInATurnLeaveNoKv(@TempDir Path work) throws Exception {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    try (ServerProcess server =
        ServerProcess.start(bundle, "--max-sessions", Integer.toString(SLOTS))) {
      int began = 0;
      for (int i = 0; i < VANISHING; i++) {
        began += vanish(bundle, server, i) ? 1 : 0;
      }
      // a slot of those before may not be free yet for the one or the other
      assertThat(began).as("turns that began").isGreaterThan(VANISHING / 2);
      ServerLifeTest.awaitMetric(server, "cleave_kv_slots_free", SLOTS);
      ServerLifeTest.awaitMetric(server, "cleave_kv_used_bytes", 0);
      ServerLifeTest.awaitMetric(server, "cleave_prompt_buffer_bytes", 0);
      ServerLifeTest.awaitMetric(server, "cleave_sessions_open", 0);
      try (CleaveClient client = CleaveClient.open(bundle, server.address());
          Generation answer = client.generateFromIds(ids(3, 9), LONG)) {
        answer.forEach(piece -> {});
        assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      }
    }
  }

  @Test
  void aTurnAfterARestartOfTheServerAnswersAsIfNothingHadBeen(@TempDir Path work) throws Exception {
    Path bundle = Bundles.fixture(MODEL, work, AT);
    GenerateOptions greedy = GenerateOptions.defaults().withMaxNewTokens(12).ignoringEos();
    GenerateOptions drawn =
        greedy.withSampling(new Sampling(0.9f, 0, 1, OptionalLong.of(17))).withDrafts(3);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "4");
        CleaveClient client = CleaveClient.open(bundle, server.address());
        CausalSession one = client.openSession(SessionOptions.defaults());
        CausalSession other = client.openSession(SessionOptions.defaults())) {
      List<List<Integer>> expectedOfOne = undisturbed(client, greedy);
      List<List<Integer>> expectedOfOther = undisturbed(client, drawn);
      assertThat(answered(one, 0, greedy, 0)).isEqualTo(expectedOfOne.get(0));
      assertThat(answered(other, 0, drawn, 0)).isEqualTo(expectedOfOther.get(0));
      server.kill();
      Process again = startAt(server.port(), bundle, work);
      try {
        for (int turn = 1; turn < TURNS; turn++) {
          int reopened = turn == 1 ? 1 : 0;
          assertThat(answered(one, turn, greedy, reopened)).isEqualTo(expectedOfOne.get(turn));
          assertThat(answered(other, turn, drawn, reopened)).isEqualTo(expectedOfOther.get(turn));
        }
      } finally {
        again.destroyForcibly().waitFor();
      }
    }
  }

  private static List<List<Integer>> undisturbed(CleaveClient client, GenerateOptions options) {
    List<List<Integer>> answers = new ArrayList<>();
    try (CausalSession session = client.openSession(SessionOptions.defaults())) {
      for (int turn = 0; turn < TURNS; turn++) {
        answers.add(answered(session, turn, options, 0));
      }
    }
    return answers;
  }

  private static List<Integer> answered(
      CausalSession session, int turn, GenerateOptions options, int reopened) {
    try (Generation answer = session.generate(ids(10 + turn, 7 + turn), options)) {
      answer.forEach(piece -> {});
      assertThat(answer.receipt().recovered().reopened()).isEqualTo(reopened);
      return Arrays.stream(answer.tokenIds()).boxed().toList();
    }
  }

  private static void whole(CausalSession session, int[] ids, GenerateOptions options) {
    try (Generation answer = session.generate(ids, options)) {
      answer.forEach(piece -> {});
    }
  }

  /** Cuts the connection in a turn: in the first one or the second, before an answer or after. */
  private static boolean vanish(Path bundle, ServerProcess server, int round) throws IOException {
    try (RecordingProxy proxy = RecordingProxy.start(server.port());
        CleaveClient client = CleaveClient.open(bundle, proxy.address());
        CausalSession session = client.openSession(SessionOptions.defaults())) {
      if (round % 3 == 0) {
        whole(session, ids(round, 5), LONG.withMaxNewTokens(3));
      }
      try (Generation answer = session.generate(ids(100 + round, 30), LONG)) {
        Iterator<String> pieces = answer.iterator();
        if (round % 2 == 0) {
          pieces.next();
        }
        proxy.hangUp();
      }
      return true;
    } catch (CleaveException busy) {
      assertThat(busy.category()).isIn(Category.RETRY, Category.REOPEN_SESSION);
      return false;
    }
  }

  private static void awaitLine(ServerProcess server, String line)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!server.log().contains(line)) {
      assertThat(System.nanoTime()).as("no '%s' in %s", line, server.log()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  /** Ids without a pattern, of no special token. */
  private static int[] ids(int seed, int length) {
    return new SplittableRandom(seed).ints(length, 3, VOCABULARY).toArray();
  }

  /** Another server for the same bundle, where one was killed. */
  private static Process startAt(int port, Path bundle, Path work)
      throws IOException, InterruptedException {
    Path ready = work.resolve("again");
    List<String> command =
        ServerProcess.command(
            "decoder-server",
            "dev.cleave.server.cli.ServeMain",
            "--bundle",
            bundle.toString(),
            "--port",
            Integer.toString(port),
            "--port-file",
            ready.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("again.log").toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!Files.exists(ready)) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        process.destroyForcibly();
        throw new IOException(
            "the second server did not start:\n" + Files.readString(work.resolve("again.log")));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return process;
  }
}

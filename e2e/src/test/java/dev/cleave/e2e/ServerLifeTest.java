package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.FinishReason;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.replay.Recovery;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server process under clients that vanish, under SIGTERM and under SIGKILL. */
class ServerLifeTest {
  private static final String NOTE = "Pt c/o chest pain for 3 days. BP 148/92, HR 88.";
  private static final GenerateOptions LONG =
      GenerateOptions.defaults().withMaxNewTokens(900).ignoringEos();

  @Test
  void clientsThatVanishLeaveNothingBehind(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "4")) {
      vanish(bundle, server, 40); // pools and caches fill
      long before = residentBytes(server);
      vanish(bundle, server, 160);
      awaitMetric(server, "cleave_kv_slots_free", 4);
      awaitMetric(server, "cleave_sessions_open", 0);
      awaitMetric(server, "cleave_prompt_buffer_bytes", 0);
      awaitMetric(server, "cleave_kv_used_bytes", 0);
      System.err.printf("resident after: %+d KiB%n", (residentBytes(server) - before) >> 10);
      // Compiled code and class data take some 12 MB; KV that is not given back would take 6 MB
      // each.
      assertThat(residentBytes(server) - before).isLessThan(48L << 20);
      try (CleaveClient client = CleaveClient.open(bundle, server.address());
          Generation answer = client.generate(NOTE, GenerateOptions.defaults())) {
        answer.forEach(piece -> {});
        assertThat(answer.finishReason()).isEqualTo(FinishReason.EOS);
      }
    }
  }

  @Test
  void sigtermLetsTheRunningSessionFinishAndExitsWithZero(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2");
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(NOTE, LONG);
        var waiter = Executors.newVirtualThreadPerTaskExecutor()) {
      Iterator<String> pieces = answer.iterator();
      pieces.next();
      Future<Integer> exit = waiter.submit(server::terminate);
      pieces.forEachRemaining(piece -> {});
      assertThat(answer.tokenIds()).hasSize(900);
      assertThat(exit.get(60, TimeUnit.SECONDS)).isZero();
      assertThatThrownBy(() -> drained(client)).isInstanceOf(CleaveException.class);
    }
  }

  @Test
  void aKilledServerEndsTheGenerationWithAnErrorThatSaysRetry(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2");
        CleaveClient client =
            CleaveClient.open(
                bundle, ClientOptions.of(server.address()).withRecovery(Recovery.none()));
        Generation answer = client.generate(NOTE, LONG)) {
      Iterator<String> pieces = answer.iterator();
      pieces.next();
      server.kill();
      assertThatThrownBy(() -> pieces.forEachRemaining(piece -> {}))
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> assertThat(e.category()).isIn(Category.RETRY, Category.REOPEN_SESSION));
    }
  }

  private static void drained(CleaveClient client) {
    try (Generation late = client.generate(NOTE, GenerateOptions.defaults())) {
      late.forEach(piece -> {});
    }
  }

  /** Opens generations and hangs up: before the first token, after it, or with the connection. */
  private static void vanish(Path bundle, ServerProcess server, int times) throws IOException {
    for (int round = 0; round < times / 8; round++) {
      try (RecordingProxy proxy = RecordingProxy.start(server.port());
          CleaveClient client = CleaveClient.open(bundle, proxy.address())) {
        for (int i = 0; i < 8; i++) {
          try (Generation answer = client.generate(NOTE, LONG)) {
            if (i % 2 == 0) {
              answer.iterator().next();
            }
            if (i == 7) {
              proxy.hangUp();
            }
          } catch (CleaveException busy) {
            // A slot of the session before may not be free yet.
            assertThat(busy.category()).isEqualTo(Category.RETRY);
          }
        }
      }
    }
  }

  static void awaitMetric(ServerProcess server, String name, double expected)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    double value = metric(server, name);
    while (Math.abs(value - expected) > 0.5 && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(20);
      value = metric(server, name);
    }
    assertThat(value).as(name).isEqualTo(expected, within(0.5));
  }

  static double metric(ServerProcess server, String name) throws IOException, InterruptedException {
    Matcher port = Pattern.compile("metrics=\\S*?(\\d+)").matcher(server.log());
    assertThat(port.find()).as(server.log()).isTrue();
    try (HttpClient http = HttpClient.newHttpClient()) {
      String page =
          http.send(
                  HttpRequest.newBuilder(
                          URI.create("http://127.0.0.1:" + port.group(1) + "/metrics"))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      Matcher value =
          Pattern.compile("(?m)^" + name + "(?:\\{[^}]*})? ([0-9.eE+-]+)$").matcher(page);
      assertThat(value.find()).as(name + " in " + page).isTrue();
      return Double.parseDouble(value.group(1));
    }
  }

  private static long residentBytes(ServerProcess server) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(server.pid()), "status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .sum();
  }
}

package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.telemetry.Collector;
import dev.cleave.server.telemetry.Monitoring;
import dev.cleave.wire.Uplink;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.trace.v1.Span;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a collector learns of sessions, and what it does not. */
@Timeout(120)
class TelemetryTest {
  // Ids of six digits: no port, no count of bytes is taken for one.
  private static final int VOCABULARY = 300_000;
  private static final int TOKENS = 20;
  private static final long SESSION_HIGH = 0x6a1f_55d2_77c3_90e1L;
  private static final long SESSION_LOW = 0x1b2c_3d4e_5f60_7182L;
  private static final String BEARER = "eyJhbGciOiJFZERTQSJ9.c2VjcmV0LXRlbmFudA.c2lnbmF0dXJl";
  private static final String TRACE_STATE = "chest-pain-for-three-days";
  private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

  private static ServerConfig telling(FakeCollector to) {
    return to.toldBy(ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30))));
  }

  @Test
  void tellsOfASessionInCountsAndTimesAlone() throws Exception {
    try (FakeCollector collector = FakeCollector.start()) {
      List<Integer> ids;
      try (TestServer server = TestServer.start(telling(collector), VOCABULARY)) {
        ids = generate(server);
        server.awaitNothingHeld(2);
      } // closing tells what is left
      Span session = collector.span("cleave.session");
      assertThat(collector.counts(session))
          .containsEntry("cleave.frames", 2L)
          .containsEntry("cleave.prompts", 1L)
          .containsEntry("cleave.tokens", (long) TOKENS)
          .containsEntry("rpc.grpc.status_code", 0L);
      assertThat(session.getParentSpanId()).isEmpty();
      for (String part : List.of("cleave.queue", "cleave.prefill", "cleave.decode")) {
        Span span = collector.span(part);
        assertThat(span.getParentSpanId()).as(part).isEqualTo(session.getSpanId());
        assertThat(span.getTraceId()).isEqualTo(session.getTraceId());
        assertThat(span.getEndTimeUnixNano())
            .isBetween(span.getStartTimeUnixNano(), session.getEndTimeUnixNano());
        assertThat(span.getStartTimeUnixNano())
            .isGreaterThanOrEqualTo(session.getStartTimeUnixNano());
      }
      assertThat(collector.span("cleave.prefill").getEventsList())
          .extracting(Span.Event::getName)
          .containsExactly("prompt.complete");
      // The page's own meters, and those of gRPC.
      assertThat(collector.metricNames())
          .contains("cleave.tokens", "cleave.step", "cleave.kv.slots", "cleave.sessions.ended")
          .contains("grpc.server.call.started", "grpc.server.call.duration");
      assertThat(collector.resource())
          .contains("cleave-server", "service.instance.id", TestServer.BUNDLE_ID);

      String told = collector.everything();
      assertThat(findings(told, ids, TestServer.prompt(4711, 4))).isEmpty();
      // The search finds what is there to find: the same values as attributes.
      assertThat(findings(told + "id " + ids.getFirst() + " of " + TRACE_STATE, ids, new float[0]))
          .containsExactly("token id " + ids.getFirst(), "what a client sent: " + TRACE_STATE);
    }
  }

  private static List<Integer> generate(TestServer server) throws Exception {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), BEARER);
    headers.put(
        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
        "00-" + TRACE_ID + "-00f067aa0ba902b7-01");
    headers.put(
        Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER), "x=" + TRACE_STATE);
    headers.put(Metadata.Key.of("baggage", Metadata.ASCII_STRING_MARSHALLER), "x=" + TRACE_STATE);
    float[] prompt = TestServer.prompt(4711, 4);
    TestCall call =
        TestCall.open(
            ClientInterceptors.intercept(
                server.channel, MetadataUtils.newAttachHeadersInterceptor(headers)));
    call.send(
        new Uplink.OpenSession(
            TestServer.open(4, TOKENS)
                .setSessionHigh(SESSION_HIGH)
                .setSessionLow(SESSION_LOW)
                .build()));
    call.awaitOpened();
    int half = prompt.length / 2;
    call.send(
        TestServer.frame(Arrays.copyOf(prompt, half), 0, HeaderForm.LONG),
        TestServer.frame(Arrays.copyOfRange(prompt, half, prompt.length), 2, HeaderForm.SHORT),
        new Uplink.EndOfPrompt(4));
    List<Integer> ids = Arrays.stream(call.awaitAnswer().ids()).boxed().toList();
    assertThat(ids).hasSize(TOKENS).anyMatch(id -> id >= 100_000);
    return ids;
  }

  private static List<String> findings(String told, List<Integer> ids, float[] hidden) {
    List<String> found = new ArrayList<>();
    for (int id : ids) {
      // A name of a span, or a time, is longer.
      if (id >= 100_000 && told.matches("(?s).*(?<![0-9a-f])" + id + "(?![0-9a-f]).*")) {
        found.add("token id " + id);
      }
    }
    for (float value : hidden) {
      if (told.contains(Float.toString(value))) {
        found.add("hidden state " + value);
      }
    }
    for (String secret :
        List.of(
            BEARER,
            TRACE_STATE,
            TRACE_ID,
            HexFormat.of().toHexDigits(SESSION_HIGH),
            Long.toString(SESSION_HIGH),
            Long.toString(SESSION_LOW))) {
      if (told.contains(secret)) {
        found.add("what a client sent: " + secret);
      }
    }
    return found.stream().distinct().toList();
  }

  @Test
  void tellsOfEachTurnAndOfFailures() throws Exception {
    FakeUpperEngine engine =
        new FakeUpperEngine(
            CausalServer.SLOTS, VOCABULARY, CausalServer.CONTEXT, CausalServer.BUDGET);
    float[] rows = TestServer.prompt(4712, 12);
    try (FakeCollector collector = FakeCollector.start()) {
      try (CausalServer server =
          CausalServer.start(
              engine,
              collector.toldBy(
                  ServerConfig.onFreePorts(CausalServer.limits(false, Duration.ofSeconds(30)))),
              CausalServer.steps(600))) {
        TestCall call = server.open(20, CausalServer.STEP);
        call.send(CausalServer.hidden(rows, 0, 4), new Uplink.EndOfPrompt(4));
        call.awaitSampled();
        call.send(CausalServer.step(rows, 4, 8));
        call.awaitSampled();
        call.send(CausalServer.hidden(rows, 8, 11), new Uplink.EndOfPrompt(11));
        call.awaitSampled();
        call.send(new Uplink.EndOfPrompt(3)); // out of order
        call.awaitError();
      }
      Span session = collector.span("cleave.session");
      assertThat(collector.counts(session))
          .containsEntry("cleave.prompts", 3L)
          .containsEntry("cleave.frames", 2L)
          .containsEntry("cleave.steps", 1L)
          .containsEntry("cleave.tokens", 6L);
      assertThat(session.getStatus().getMessage()).isUpperCase().doesNotContain(" ");
      assertThat(collector.spans("cleave.prefill")).hasSize(2);
      assertThat(collector.spans("cleave.decode")).hasSize(2);
    }
  }

  @Test
  void aCollectorThatIsAwayHoldsUpNobody() throws Exception {
    int nobody;
    try (FakeCollector gone = FakeCollector.start()) {
      nobody = gone.port();
    }
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)));
    Monitoring monitoring =
        Monitoring.onFreePort().withCollector(Collector.parse("http://127.0.0.1:" + nobody));
    long end;
    try (TestServer server =
        TestServer.start(
            config.withListen(
                new ServerConfig.Listen("127.0.0.1", 0, monitoring, config.listen().security())),
            VOCABULARY)) {
      TestCall call = server.generate(TestServer.prompt(1, 4), TOKENS);
      call.awaitOpened();
      assertThat(call.awaitAnswer().tokens()).hasSize(TOKENS);
      // What tells must not keep the process alive.
      assertThat(
              Thread.getAllStackTraces().keySet().stream()
                  .filter(thread -> !before.contains(thread) && !thread.isDaemon())
                  .map(Thread::getName)
                  .filter(name -> name.matches("(?i).*(okhttp|otel|otlp|export|batch|metric).*")))
          .isEmpty();
      end = System.nanoTime();
    }
    // Far above its own bound, far below the exporter's patience with retries.
    assertThat(System.nanoTime() - end).isLessThan(Duration.ofSeconds(60).toNanos());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1:4317",
        "http://127.0.0.1",
        "http://user:secret@127.0.0.1:4317",
        "ftp://127.0.0.1:4317",
        "http://127.0.0.1:4317/v1/traces",
        "http://127.0.0.1:4317?token=secret",
      })
  void refusesWhatIsNoCollector(String endpoint) {
    assertThatThrownBy(() -> Collector.parse(endpoint))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("http://127.0.0.1:4317")
        .hasMessageNotContaining("secret");
  }

  @Test
  void probesTellReadyFromAlive() throws Exception {
    try (TestServer server = TestServer.start()) {
      String base = "http://localhost:" + server.server.metricsPort().orElseThrow();
      assertThat(status(base, "/livez")).isEqualTo(200);
      assertThat(status(base, "/readyz")).isEqualTo(200);
      assertThat(status(base, "/healthz")).isEqualTo(200);
      assertThat(server.server.drain()).isTrue();
      assertThat(status(base, "/livez")).isEqualTo(200);
      assertThat(status(base, "/readyz")).isEqualTo(503);
      assertThat(status(base, "/healthz")).isEqualTo(503);
    }
    try (TestServer server = TestServer.start()) {
      String base = "http://localhost:" + server.server.metricsPort().orElseThrow();
      server.engine.failClears();
      TestCall last = server.generate(TestServer.prompt(1, 4), 1);
      last.awaitOpened();
      assertThat(last.awaitAnswer().tokens()).hasSize(1);
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (status(base, "/livez") != 503 && System.nanoTime() < deadline) {
        Thread.sleep(5);
      }
      assertThat(status(base, "/livez")).isEqualTo(503);
      assertThat(status(base, "/readyz")).isEqualTo(503);
      server.server.close();
      server.engine.forgetSlots();
    }
  }

  @Test
  void theSidePortListensWhereItIsTold() throws Exception {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)));
    Monitoring everywhere = new Monitoring("0.0.0.0", 0, java.util.Optional.empty());
    try (TestServer server =
        TestServer.start(
            config.withListen(
                new ServerConfig.Listen("127.0.0.1", 0, everywhere, config.listen().security())),
            VOCABULARY)) {
      // Any address of 127/8 is this machine's, and only one of them is the usual loopback.
      assertThat(
              status("http://127.0.0.2:" + server.server.metricsPort().orElseThrow(), "/metrics"))
          .isEqualTo(200);
    }
  }

  private static int status(String base, String path) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(base + path))
                  .timeout(Duration.ofSeconds(20))
                  .build(),
              HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
          .statusCode();
    }
  }
}

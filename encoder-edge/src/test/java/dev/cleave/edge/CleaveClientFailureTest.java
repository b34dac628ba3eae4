package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Named.named;

import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.replay.Recovery;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.v1.CodecMode;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What the client makes of servers that die, refuse, hang or lie. */
@Timeout(60)
class CleaveClientFailureTest {
  private static final String TEXT = "Patient was admitted with chest pain.";
  private static final GenerateOptions DEFAULTS = GenerateOptions.defaults();

  @TempDir static Path folder;
  private static Path bundle = Path.of("");

  static final List<Named<ScriptedServer.Script>> LIES =
      List.of(
          lie("a token out of order", exchange -> exchange.tokens(1, 5)),
          lie(
              "a token twice",
              exchange -> {
                exchange.tokens(0, 5);
                exchange.tokens(0, 5);
              }),
          lie("an id beyond the vocabulary", exchange -> exchange.tokens(0, 400)),
          lie("an id above 2^31", exchange -> exchange.tokens(0, -1)),
          lie("more tokens than agreed", exchange -> exchange.tokens(0, 5, 5, 5, 5, 5)),
          lie("a wrong count", exchange -> exchange.done(FinishReason.EOS, 3)),
          lie("no reason", exchange -> exchange.done(FinishReason.FINISH_REASON_UNSPECIFIED, 0)),
          lie("no Done", Exchange::end),
          lie(
              "a second Opened",
              exchange -> exchange.send(Exchange.opened(Open.getDefaultInstance(), 1))),
          named(
              "a token before the prompt's end",
              exchange -> {
                exchange.expect(Uplink.OpenSession.class);
                exchange.tokens(0, 5);
              }),
          named(
              "another codec",
              exchange -> {
                Open open = exchange.expect(Uplink.OpenSession.class).open();
                exchange.send(
                    Exchange.opened(open, 9).toBuilder().setCodec(CodecMode.RAW_F32).build());
              }),
          named(
              "a target that nobody asked for",
              exchange -> {
                Open open = exchange.expect(Uplink.OpenSession.class).open();
                exchange.send(Exchange.opened(open, 9).toBuilder().setTargetNumber(9).build());
              }),
          named(
              "another profile",
              exchange -> {
                Open open = exchange.expect(Uplink.OpenSession.class).open();
                exchange.send(Exchange.opened(open, 9).toBuilder().setProfileHashLow(9).build());
              }),
          named(
              "another width",
              exchange -> {
                Open open = exchange.expect(Uplink.OpenSession.class).open();
                exchange.send(Exchange.opened(open, 9).toBuilder().setWidth(63).build());
              }),
          named(
              "no positions per frame",
              exchange -> {
                Open open = exchange.expect(Uplink.OpenSession.class).open();
                exchange.send(Exchange.opened(open, 0));
              }),
          named(
              "Done instead of Opened",
              exchange -> {
                exchange.expect(Uplink.OpenSession.class);
                exchange.done(FinishReason.EOS, 0);
              }));

  private static Named<ScriptedServer.Script> lie(String name, ScriptedServer.Script afterPrompt) {
    return named(
        name,
        exchange -> {
          exchange.accept();
          afterPrompt.play(exchange);
        });
  }

  @BeforeAll
  static void split() {
    bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
  }

  @ParameterizedTest
  @FieldSource("LIES")
  void catchesAServerThatLies(ScriptedServer.Script script) throws IOException {
    CleaveException failure = failureOf(script, DEFAULTS.withMaxNewTokens(4));
    assertThat(failure.code()).isEqualTo(Code.PROTOCOL);
  }

  @Test
  void namesBothBundlesOnAMismatch() throws IOException {
    String theirs = "ab".repeat(32);
    CleaveException failure =
        failureOf(
            exchange -> {
              exchange.expect(Uplink.OpenSession.class);
              exchange.fail(
                  WireStatus.exception(
                      WireError.of(WireReason.BUNDLE_MISMATCH, "another bundle")
                          .withMetadata("server_bundle_id", theirs)));
            },
            DEFAULTS);
    assertThat(failure.code()).isEqualTo(Code.SERVER);
    assertThat(failure.category()).isEqualTo(Category.FATAL);
    try (CleaveClient client = CleaveClient.open(bundle, "127.0.0.1:1")) {
      assertThat(failure).hasMessageContaining(theirs).hasMessageContaining(client.bundleId());
    }
  }

  @Test
  void tellsWhenToRetryAFullServer() throws IOException {
    CleaveException failure =
        failureOf(
            exchange -> {
              exchange.expect(Uplink.OpenSession.class);
              exchange.fail(
                  WireStatus.exception(
                      WireError.of(WireReason.NO_KV_ROOM, "no room")
                          .withRetryDelay(Duration.ofMillis(1250))));
            },
            DEFAULTS);
    assertThat(failure.category()).isEqualTo(Category.RETRY);
    assertThat(failure.retryDelay()).contains(Duration.ofMillis(1250));
    assertThat(failure).hasMessageContaining("1250 ms").hasMessageContaining("NO_KV_ROOM");
  }

  @Test
  void losesTheSessionWhenTheServerDies() throws Exception {
    SynchronousQueue<Exchange> answering = new SynchronousQueue<>();
    ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.accept();
          exchange.tokens(0, Fixtures.ids("chest pain"));
          answering.put(exchange);
        });
    String address = server.address();
    try (server;
        CleaveClient client = unrecovering(server);
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      assertThat(answer.iterator().next()).isNotEmpty();
      answering.take();
      server.die();
      assertThatThrownBy(answer::text)
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.REOPEN_SESSION);
                assertThat(e.code()).isEqualTo(Code.LINK);
              })
          .hasMessageContaining(address);
      assertThatThrownBy(answer::receipt).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void saysThatNobodyListens() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (CleaveClient client = CleaveClient.open(bundle, "127.0.0.1:" + port);
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      assertThatThrownBy(answer::text)
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e.code()).isEqualTo(Code.LINK);
              })
          .hasMessageContaining("127.0.0.1:" + port)
          .hasMessageContaining("check that the server runs");
    }
  }

  @Test
  void endsOnCancelFromAnotherThread() throws Exception {
    SynchronousQueue<String> answering = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              exchange.accept();
              int[] ids = Fixtures.ids("chest");
              exchange.tokens(0, ids);
              answering.put("now");
              exchange.expect(Uplink.Cancel.class);
              exchange.done(FinishReason.CANCELLED, ids.length);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      Thread canceller =
          Thread.startVirtualThread(() -> {
            try {
              answering.take();
              answer.cancel();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      assertThat(answer.text()).isEqualTo("chest");
      assertThat(answer.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      assertThat(answer.receipt().received().finishReason())
          .isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      canceller.join();
    }
  }

  @Test
  void endsOnCancelEvenIfTheServerHangs() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    try (ScriptedServer server = hangsUntilCancelled(begun, released);
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
      answer.cancel();
      assertThat(answer.text()).isEmpty();
      assertThat(answer.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      assertThat(released.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void endsWhenTheWaitingThreadIsInterrupted() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    try (ScriptedServer server = hangsUntilCancelled(begun, released);
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
      Thread.currentThread().interrupt();
      assertThatThrownBy(answer::text)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(released.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void failsAtTheDeadline() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              exchange.open(64);
              release.await();
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS.withDeadline(Duration.ofMillis(300)))) {
      assertThatThrownBy(answer::text)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.DEADLINE))
          .hasMessageContaining("allow more time");
      release.countDown();
    }
  }

  @Test
  void closingTheClientEndsWhatRuns() throws Exception {
    CountDownLatch accepted = new CountDownLatch(1);
    CountDownLatch release = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.accept();
          accepted.countDown();
          release.await();
        })) {
      CleaveClient client = CleaveClient.open(bundle, server.address());
      Generation answer = client.generate(TEXT, DEFAULTS);
      assertThat(accepted.await(30, TimeUnit.SECONDS)).isTrue();
      client.close();
      assertThatThrownBy(answer::text).isInstanceOf(CleaveException.class);
      assertThatThrownBy(() -> client.generate(TEXT, DEFAULTS))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      client.close();
      release.countDown();
    }
  }

  /** A client that tells each failure as it is. */
  private static CleaveClient unrecovering(ScriptedServer server) {
    return CleaveClient.open(
        bundle, ClientOptions.of(server.address()).withRecovery(Recovery.none()));
  }

  private static CleaveException failureOf(ScriptedServer.Script script, GenerateOptions options)
      throws IOException {
    try (ScriptedServer server = ScriptedServer.start(script);
        CleaveClient client = unrecovering(server);
        Generation answer = client.generate(TEXT, options)) {
      answer.text();
    } catch (CleaveException e) {
      return e;
    }
    throw new AssertionError("the client did not fail");
  }

  /** Answers nothing; tells when the call has come, and when it was cancelled. */
  private static ScriptedServer hangsUntilCancelled(CountDownLatch begun, CountDownLatch released)
      throws IOException {
    return ScriptedServer.start(exchange -> {
      begun.countDown();
      while (!exchange.cancelled()) {
        Thread.sleep(5);
      }
      released.countDown();
    });
  }
}

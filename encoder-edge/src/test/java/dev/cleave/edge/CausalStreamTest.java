package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.causal.FakeLowerEngine;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.Connection;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions over a real connection, against servers that do as the test says. */
@Timeout(60)
class CausalStreamTest {
  private static final int[] PROMPT = IntStream.range(5, 45).toArray();
  private static final GenerateOptions RAW =
      GenerateOptions.defaults().withCodec(CodecMode.RAW_F32).withMaxNewTokens(3);

  private final HfTokenizer tokenizer = Fixtures.tokenizer("t5-v1.0-tied-relu");
  private final FakeLowerEngine engine = new FakeLowerEngine(256);

  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void nothingIsLeft() throws Exception {
    for (AutoCloseable it : open) {
      it.close();
    }
    tokenizer.close();
    assertThat(engine.open).hasValue(0);
  }

  @Test
  void oneStreamCarriesAllTurns() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          Open open = exchange.expect(Uplink.OpenSession.class).open();
          assertThat(open.getPromptPositions()).isEqualTo(256);
          exchange.send(opened(open));
          exchange.expect(Uplink.Hidden.class);
          exchange.expect(Uplink.Hidden.class);
          assertThat(exchange.expect(Uplink.EndOfPrompt.class).positions()).isEqualTo(40);
          exchange.sampled(39, 60);
          exchange.expect(Uplink.Step.class);
          exchange.sampled(40, 61);
          exchange.expect(Uplink.Step.class);
          exchange.sampled(41, 62);
          exchange.expect(Uplink.Hidden.class);
          assertThat(exchange.expect(Uplink.EndOfPrompt.class).positions()).isEqualTo(44);
          exchange.sampled(43, 63);
          exchange.awaitHalfClose();
          exchange.done(FinishReason.CLOSED, 4);
          closed.countDown();
        })) {
      CausalHalf half = half(server);
      try (CausalSession session = half.openSession(SessionOptions.defaults())) {
        Generation first = session.generate(PROMPT, RAW);
        assertThat(first.text()).isEqualTo(tokenizer.decode(new int[] {60, 61, 62}));
        Receipt receipt = first.receipt();
        assertThat(receipt.serverName()).isEqualTo("scripted");
        assertThat(receipt.sent().frames()).isEqualTo(4);
        // A step's frame is 16 bytes behind 12, in a message of 2 more.
        assertThat(Objects.requireNonNull(receipt.steps()).bytesUpPerToken()).isEqualTo(30);
        assertThat(receipt.steps().bytesDownPerToken()).isBetween(5.0, 32.0);
        Generation second = session.generate(new int[] {7}, RAW.withMaxNewTokens(1));
        assertThat(second.text()).isEqualTo(tokenizer.decode(new int[] {63}));
        // Counted for this turn alone.
        assertThat(second.receipt().sent().frames()).isEqualTo(1);
        assertThat(second.receipt().sent().messageBytes()).isLessThan(100);
        assertThat(session.length()).isEqualTo(45);
      }
      assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void cancellingATurnKeepsTheStream() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          prompt(exchange);
          exchange.expect(Uplink.Step.class);
          asked.countDown();
          // Says nothing until the next turn has begun.
          exchange.expect(Uplink.Hidden.class);
          exchange.expect(Uplink.EndOfPrompt.class);
          exchange.sampled(40, 99);
          exchange.sampled(41, 64);
        })) {
      CausalHalf half = half(server);
      try (CausalSession session = half.openSession(SessionOptions.defaults())) {
        Generation answer = session.generate(PROMPT, RAW);
        StringBuilder text = new StringBuilder();
        Thread cancel = null;
        for (String piece : answer) {
          text.append(piece);
          cancel =
              Thread.startVirtualThread(() -> {
                try {
                  asked.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                answer.cancel();
              });
        }
        Objects.requireNonNull(cancel).join();
        assertThat(answer.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
        assertThat(answer.tokenIds()).containsExactly(60);
        Generation next = session.generate(new int[] {8}, RAW.withMaxNewTokens(1));
        assertThat(next.text()).isEqualTo(tokenizer.decode(new int[] {64}));
      }
    }
  }

  @Test
  void aServerThatDroppedAnIdleSessionIsAskedForAnother() throws Exception {
    CountDownLatch dropped = new CountDownLatch(1);
    CountDownLatch first = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          if (first.getCount() > 0) {
            first.countDown();
            prompt(exchange);
            exchange.fail(WireStatus.exception(WireReason.STEP_TIMEOUT, "nothing came for 60 s"));
            dropped.countDown();
            return;
          }
          Open open = exchange.expect(Uplink.OpenSession.class).open();
          exchange.send(opened(open));
          exchange.expect(Uplink.Hidden.class);
          exchange.expect(Uplink.Hidden.class);
          assertThat(exchange.expect(Uplink.EndOfPrompt.class).positions()).isEqualTo(42);
          exchange.sampled(41, 64);
        })) {
      CausalHalf half = half(server);
      try (CausalSession session = half.openSession(SessionOptions.defaults())) {
        assertThat(session.generate(PROMPT, RAW.withMaxNewTokens(1)).text()).isNotNull();
        assertThat(dropped.await(20, TimeUnit.SECONDS)).isTrue();
        Generation next = session.generate(new int[] {8}, RAW.withMaxNewTokens(1));
        assertThat(next.text()).isEqualTo(tokenizer.decode(new int[] {64}));
        assertThat(next.receipt().recovered().reopened()).isEqualTo(1);
      }
    }
  }

  @Test
  void aSilentServerMeetsTheDeadlineOfTheTurn() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(CausalStreamTest::prompt)) {
      CausalHalf half = half(server);
      try (Generation answer = half.generate(PROMPT, RAW.withDeadline(Duration.ofMillis(300)))) {
        assertThatThrownBy(answer::text)
            .isInstanceOfSatisfying(
                CleaveException.class,
                e -> {
                  assertThat(e.code()).isEqualTo(Code.DEADLINE);
                  assertThat(e.category()).isEqualTo(Category.RETRY);
                })
            .hasMessageContaining("300 ms");
      }
      assertThat(engine.open).hasValue(0);
    }
  }

  @Test
  void aRefusalIsToldAsItIs() throws IOException {
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.expect(Uplink.OpenSession.class);
          exchange.fail(
              WireStatus.exception(
                  WireError.of(WireReason.NO_KV_ROOM, "full")
                      .withRetryDelay(Duration.ofMillis(40))));
        })) {
      CausalHalf half = half(server);
      try (Generation answer = half.generate(PROMPT, RAW)) {
        assertThatThrownBy(answer::text)
            .isInstanceOfSatisfying(
                CleaveException.class,
                e -> {
                  assertThat(e.category()).isEqualTo(Category.RETRY);
                  assertThat(e.retryDelay()).contains(Duration.ofMillis(40));
                });
      }
    }
  }

  /** Opens, takes the prompt and answers its token. */
  private static void prompt(Exchange exchange) throws InterruptedException {
    exchange.send(opened(exchange.expect(Uplink.OpenSession.class).open()));
    exchange.expect(Uplink.Hidden.class);
    exchange.expect(Uplink.Hidden.class);
    exchange.expect(Uplink.EndOfPrompt.class);
    exchange.sampled(39, 60);
  }

  private static dev.cleave.v1.Opened opened(Open open) {
    return Exchange.opened(open, 64).toBuilder().setWidth(FakeLowerEngine.WIDTH).build();
  }

  private CausalHalf half(ScriptedServer server) {
    GrpcDecoderLink link = GrpcDecoderLink.to(Connection.to(server.address()));
    CausalHalf half =
        new CausalHalf(
            new DeviceBundle(
                "ab".repeat(32),
                new EncoderShape(FakeLowerEngine.WIDTH, 256),
                new DeviceBundle.Tokens(400, Set.of(), Set.of(1)),
                new DeviceBundle.AnswerLimits(20, 200),
                DeviceCodec.uncalibrated(FakeLowerEngine.WIDTH)),
            tokenizer,
            engine,
            link);
    open.addAll(List.of(link, half));
    return half;
  }
}

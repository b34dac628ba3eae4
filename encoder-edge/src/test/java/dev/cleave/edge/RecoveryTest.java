package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.replay.Recovery;
import dev.cleave.edge.replay.ReplayLink;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import dev.cleave.wire.WireStatus;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers of a server that decodes alone and is lost, over real connections. */
@Timeout(120)
class RecoveryTest {
  private static final int[] PROMPT = IntStream.range(5, 25).toArray();
  private static final int[] ANSWER = Fixtures.ids("chest pain since three days");
  private static final int PER_FRAME = 6;

  /** Before Opened, behind it, behind four frames, the end of the prompt and each token. */
  private static final int MESSAGES = 2 + 4 + 1 + ANSWER.length;

  private static final GenerateOptions RAW =
      GenerateOptions.defaults().withCodec(CodecMode.RAW_F32);

  private final HfTokenizer tokenizer = Fixtures.tokenizer("t5-v1.0-tied-relu");
  private final List<AutoCloseable> open = new ArrayList<>();

  /** What became of each stream, in their order. */
  private final List<Played> played = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable it : open.reversed()) {
      it.close();
    }
    tokenizer.close();
  }

  /** One stream as the server saw it; dies before its message of that number. */
  private final class Played {
    private final int diesAt;
    private final Exchange exchange;
    private final List<ByteBuffer> frames = new ArrayList<>();
    private Open opening = Open.getDefaultInstance();
    private int messages;

    Played(Exchange exchange, int diesAt) {
      this.exchange = exchange;
      this.diesAt = diesAt;
      played.add(this);
    }

    private boolean dies() {
      if (messages++ == diesAt) {
        exchange.fail(Status.UNAVAILABLE.withDescription("going away").asRuntimeException());
        return true;
      }
      return false;
    }

    void play(String name, int... answer) throws InterruptedException {
      opening = exchange.expect(Uplink.OpenSession.class).open();
      if (dies()) {
        return;
      }
      exchange.send(Exchange.opened(opening, PER_FRAME).toBuilder().setServerName(name).build());
      if (dies()) {
        return;
      }
      for (int positions = 0; positions < PROMPT.length; positions += PER_FRAME) {
        frames.add(exchange.expect(Uplink.Hidden.class).frame());
        if (dies()) {
          return;
        }
      }
      assertThat(exchange.expect(Uplink.EndOfPrompt.class).positions()).isEqualTo(PROMPT.length);
      if (dies()) {
        return;
      }
      for (int i = 0; i < answer.length; i++) {
        exchange.send(Token.newBuilder().setPosition(i).setId(answer[i]).build());
        if (dies()) {
          return;
        }
      }
      exchange.done(FinishReason.EOS, answer.length);
    }
  }

  @Test
  void aLossAnywhereBehindTheBeginningIsNotNoticed() throws Exception {
    for (int point = 1; point < MESSAGES; point++) {
      played.clear();
      int at = point;
      try (ScriptedServer server = dying(stream -> stream == 0 ? at : -1)) {
        Generation answer = half(server).generate(PROMPT, RAW);
        assertThat(answer.text()).as("point %d", point).isEqualTo(tokenizer.decode(ANSWER));
        assertThat(answer.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.EOS);
        assertThat(played).hasSize(2);
        assertThat(played.get(1).opening)
            .isEqualTo(played.get(0).opening.toBuilder().setAttempt(1).build());
        List<ByteBuffer> first = played.get(0).frames;
        assertThat(played.get(1).frames.subList(0, first.size())).isEqualTo(first);
        Receipt receipt = answer.receipt();
        assertThat(receipt.recovered().reopened()).isEqualTo(1);
        assertThat(receipt.recovered().bytesAgain()).isPositive();
        assertThat(receipt.sent().frames()).isEqualTo(4);
        assertThat(receipt.sent().positions()).isEqualTo(PROMPT.length);
        assertThat(receipt.serverName()).isEqualTo("scripted");
      }
    }
  }

  @Test
  void aLossAnywhereInTheReplayIsNotNoticed() throws Exception {
    for (int point = 0; point < MESSAGES; point++) {
      played.clear();
      int at = point;
      try (ScriptedServer server =
          dying(stream -> stream == 0 ? MESSAGES - 2 : stream == 1 ? at : -1)) {
        Generation answer = half(server).generate(PROMPT, RAW);
        assertThat(answer.text()).as("point %d", point).isEqualTo(tokenizer.decode(ANSWER));
        assertThat(answer.receipt().recovered().reopened()).isBetween(1, 2);
        assertThat(played).hasSize(3);
        assertThat(played.get(2).opening.getAttempt()).isEqualTo(2);
      }
    }
  }

  @Test
  void aSessionThatNobodyOpenedFailsAtOnce() throws Exception {
    try (ScriptedServer server = dying(stream -> 0)) {
      assertThatThrownBy(() -> half(server).generate(PROMPT, RAW).text())
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.LINK))
          .hasMessageContaining("going away");
      assertThat(played).hasSize(1);
    }
  }

  @Test
  void aSessionThatNobodyOpenedAsksEachServerOnce() throws Exception {
    try (ScriptedServer one = dying(stream -> 0);
        ScriptedServer two = dying(stream -> stream == 1 ? -1 : 0)) {
      Generation answer = half(one, two).generate(PROMPT, RAW);
      assertThat(answer.text()).isEqualTo(tokenizer.decode(ANSWER));
      played.clear();
      assertThatThrownBy(() -> half(one, one).generate(PROMPT, RAW).text())
          .isInstanceOf(CleaveException.class);
      assertThat(played).hasSize(2);
    }
  }

  @Test
  void whatIsNotTheSameIsToldWithBothServers() throws Exception {
    int[] other = ANSWER.clone();
    other[2]++;
    try (ScriptedServer one =
            ScriptedServer.start(
                exchange -> new Played(exchange, MESSAGES - 2).play("north", ANSWER));
        ScriptedServer two =
            ScriptedServer.start(exchange -> new Played(exchange, -1).play("south", other))) {
      Generation answer = half(one, two).generate(PROMPT, RAW);
      assertThatThrownBy(answer::text)
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.code()).isEqualTo(Code.DIVERGED);
                assertThat(e.category()).isEqualTo(Category.FATAL);
              })
          .hasMessageContaining("token 2")
          .hasMessageContaining("north")
          .hasMessageContaining("south")
          .hasMessageNotContaining(Integer.toString(ANSWER[2]));
    }
  }

  @Test
  void anAnswerThatEndsEarlierTheSecondTimeIsNotTheSame() throws Exception {
    try (ScriptedServer one =
            ScriptedServer.start(
                exchange -> new Played(exchange, MESSAGES - 2).play("north", ANSWER));
        ScriptedServer two =
            ScriptedServer.start(
                exchange -> new Played(exchange, -1).play("south", ANSWER[0], ANSWER[1]))) {
      assertThatThrownBy(() -> half(one, two).generate(PROMPT, RAW).text())
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.DIVERGED))
          .hasMessageContaining("the end, after 2 tokens");
    }
  }

  @Test
  void aStreamThatSomebodyElseTookOverEnds() throws Exception {
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.open(PER_FRAME);
          exchange.fail(WireStatus.exception(WireReason.SESSION_TAKEN_OVER, "it goes on there"));
          played.add(new Played(exchange, -1));
        })) {
      assertThatThrownBy(() -> half(server).generate(PROMPT, RAW).text())
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("SESSION_TAKEN_OVER");
      assertThat(played).hasSizeLessThanOrEqualTo(2);
    }
  }

  @Test
  void aFullServerIsAskedAgainWhenItSaysSo() throws Exception {
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          int stream = played.size();
          if (stream == 1) {
            new Played(exchange, -1).opening = exchange.expect(Uplink.OpenSession.class).open();
            exchange.fail(
                WireStatus.exception(
                    WireError.of(WireReason.NO_KV_ROOM, "full")
                        .withRetryDelay(Duration.ofMillis(10))));
            return;
          }
          new Played(exchange, stream == 0 ? MESSAGES - 3 : -1).play("scripted", ANSWER);
        })) {
      assertThat(half(server).generate(PROMPT, RAW).text()).isEqualTo(tokenizer.decode(ANSWER));
      assertThat(played).hasSize(3);
    }
  }

  @Test
  void aSilentServerIsLeft() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ScriptedServer one =
            ScriptedServer.start(exchange -> {
              exchange.open(PER_FRAME);
              exchange.prompt();
              exchange.tokens(0, ANSWER[0]);
              release.await();
            });
        ScriptedServer two = dying(stream -> -1)) {
      Recovery hasty = Recovery.defaults().withStall(Duration.ofMillis(300));
      Generation answer = half(hasty, one, two).generate(PROMPT, RAW);
      assertThat(answer.text()).isEqualTo(tokenizer.decode(ANSWER));
      release.countDown();
    }
  }

  @Test
  void aServerThatAllowsLessCannotGoOn() throws Exception {
    try (ScriptedServer one = dying(stream -> MESSAGES - 3);
        ScriptedServer two =
            ScriptedServer.start(exchange -> {
              new Played(exchange, -1);
              exchange.open(PER_FRAME - 1);
            })) {
      Recovery few = Recovery.defaults().withAttempts(2);
      assertThatThrownBy(() -> half(few, one, two).generate(PROMPT, RAW).text())
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("cannot go on with the session")
          .hasMessageContaining("frames of 5 positions")
          .hasMessageContaining("--retries 1");
      assertThat(played).hasSize(2);
    }
  }

  @Test
  void eachLimitIsNamedWithItsOption() throws Exception {
    try (ScriptedServer server = dying(stream -> stream == 0 ? MESSAGES - 2 : 1)) {
      assertThatThrownBy(
              () -> half(Recovery.defaults().withAttempts(3), server).generate(PROMPT, RAW).text())
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e.code()).isEqualTo(Code.LINK);
              })
          .hasMessageContaining("--retries 2")
          .hasMessageContaining("going away");
      assertThat(played).hasSize(3);
      played.clear();
      assertThatThrownBy(() ->
              half(Recovery.defaults().withBudget(Duration.ofMillis(200)), server)
                  .generate(PROMPT, RAW)
                  .text())
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("--recovery-timeout")
          .hasMessageContaining("200 ms");
      played.clear();
      assertThatThrownBy(() ->
              half(Recovery.defaults().withBytes(1000, 1000), server).generate(PROMPT, RAW).text())
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("--keep-bytes")
          .hasMessageContaining("1,000 bytes");
      assertThat(played).hasSize(1);
    }
  }

  @Test
  void cancelDeadlineAndCloseEndTheWaitForAnotherServer() throws Exception {
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          if (played.isEmpty()) {
            new Played(exchange, MESSAGES - 3).play("scripted", ANSWER);
            return;
          }
          exchange.fail(
              WireStatus.exception(
                  WireError.of(WireReason.NO_KV_ROOM, "full")
                      .withRetryDelay(Duration.ofMinutes(1))));
        })) {
      Generation cancelled = half(server).generate(PROMPT, RAW);
      Iterator<String> pieces = cancelled.iterator();
      assertThat(pieces.next()).isNotEmpty();
      Thread cancel = later(cancelled::cancel);
      pieces.forEachRemaining(piece -> {});
      assertThat(cancelled.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      assertThat(cancelled.tokenIds()).isNotEmpty();
      cancel.join();

      played.clear();
      Generation late = half(server).generate(PROMPT, RAW.withDeadline(Duration.ofMillis(500)));
      assertThatThrownBy(late::text)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.DEADLINE))
          .hasMessageContaining("500 ms");

      played.clear();
      Generation closed = half(server).generate(PROMPT, RAW);
      Thread close = later(closed::close);
      try {
        closed.text();
        assertThat(closed.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      } catch (CleaveException e) {
        assertThat(e.code()).isEqualTo(Code.CLOSED);
      }
      close.join();

      played.clear();
      DecoderLink link = ReplayLink.over(new RingLink(server), Recovery.defaults());
      EncoderHalf half = half(link);
      Generation shut = half.generate(PROMPT, RAW);
      Thread shutting = later(link::close);
      assertThatThrownBy(shut::text)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
      shutting.join();
      assertThatThrownBy(() -> half.generate(PROMPT, RAW))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
    }
  }

  @Test
  void aCancelledReplayEndsAsCancelled() throws Exception {
    CountDownLatch second = new CountDownLatch(1);
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          if (played.isEmpty()) {
            new Played(exchange, MESSAGES - 2).play("scripted", ANSWER);
            return;
          }
          exchange.accept();
          exchange.tokens(0, ANSWER[0]);
          second.countDown();
          exchange.expect(Uplink.Cancel.class);
          // Fewer than the caller has.
          exchange.send(Done.newBuilder().setReason(FinishReason.CANCELLED).setTokens(1).build());
          exchange.end();
        })) {
      Generation answer = half(server).generate(PROMPT, RAW);
      Thread cancel =
          Thread.startVirtualThread(() -> {
            try {
              assertThat(second.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            answer.cancel();
          });
      answer.text();
      assertThat(answer.finishReason()).isEqualTo(dev.cleave.edge.FinishReason.CANCELLED);
      assertThat(answer.tokenIds()).hasSizeGreaterThan(1);
      cancel.join();
    }
  }

  /** Does it once the first stream is dead and another was refused, that is in the wait. */
  private Thread later(Runnable action) {
    return Thread.startVirtualThread(() -> {
      try {
        while (played.isEmpty() || played.getFirst().messages < MESSAGES - 2) {
          TimeUnit.MILLISECONDS.sleep(5);
        }
        TimeUnit.MILLISECONDS.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      action.run();
    });
  }

  private interface Fate {
    /** Before which message the stream of this number dies; -1 for never. */
    int diesAt(int stream);
  }

  private ScriptedServer dying(Fate fate) throws IOException {
    return ScriptedServer.start(
        exchange -> new Played(exchange, fate.diesAt(played.size())).play("scripted", ANSWER));
  }

  private EncoderHalf half(ScriptedServer... servers) {
    return half(Recovery.defaults(), servers);
  }

  private EncoderHalf half(Recovery recovery, ScriptedServer... servers) {
    return half(ReplayLink.over(new RingLink(servers), recovery));
  }

  private EncoderHalf half(DecoderLink link) {
    EncoderHalf half =
        new EncoderHalf(
            new DeviceBundle(
                "ab".repeat(32),
                new EncoderShape(Exchange.WIDTH, 512),
                new DeviceBundle.Tokens(400, Set.of(), Set.of(1)),
                new DeviceBundle.AnswerLimits(50, 200),
                DeviceCodec.uncalibrated(Exchange.WIDTH)),
            tokenizer,
            new FakeEncoder(),
            link);
    open.add(half);
    open.add(link);
    return half;
  }
}

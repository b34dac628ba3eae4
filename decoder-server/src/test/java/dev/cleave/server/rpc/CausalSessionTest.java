package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.upper.Segment;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.Sampling;
import dev.cleave.wire.Uplink;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions of a causal model over a real loopback port. */
@Timeout(60)
class CausalSessionTest {

  private static final int WIDTH = CausalServer.WIDTH;

  @Test
  void turnsGetTheTokensOfTheirRows() throws Exception {
    try (CausalServer server = CausalServer.start(CausalServer.engine())) {
      float[] rows = TestServer.prompt(1, 40);
      TestCall call = server.call().send(CausalServer.opening(60, 1));
      Opened opened = call.awaitOpened();
      assertThat(opened.getWidth()).isEqualTo(WIDTH);
      assertThat(opened.getMaxPositionsPerFrame()).isEqualTo(CausalServer.FRAME);
      assertThat(server.metric("cleave.kv.positions.free"))
          .isEqualTo(CausalServer.SLOTS * CausalServer.CONTEXT - 60);
      call.send(
          CausalServer.hidden(rows, 0, 10),
          CausalServer.hidden(rows, 10, 13),
          new Uplink.EndOfPrompt(13));
      assertSampled(call.awaitSampled(), rows, 12, 13);
      call.send(CausalServer.step(rows, 13, 14));
      assertSampled(call.awaitSampled(), rows, 13, 14);
      // The second turn goes on where the first ended.
      call.send(CausalServer.hidden(rows, 14, 30), new Uplink.EndOfPrompt(30));
      assertSampled(call.awaitSampled(), rows, 29, 30);
      call.halfClose();
      TestCall.Answer end = call.awaitAnswer();
      assertThat(end.done().getReason()).isEqualTo(FinishReason.CLOSED);
      assertThat(end.done().getTokens()).isEqualTo(3);
      assertThat(end.done().getTotalNanos())
          .isGreaterThanOrEqualTo(end.done().getFirstTokenNanos())
          .isPositive();
      server.awaitNothingHeld();
      assertThat(server.metric("cleave.tokens")).isEqualTo(3);
    }
  }

  @Test
  void everyPositionOfAStepIsAnsweredAndWrongDraftsAreTakenBack() throws Exception {
    try (CausalServer server = CausalServer.start(CausalServer.engine())) {
      float[] rows = TestServer.prompt(2, 40);
      TestCall call = server.open(60, 5);
      call.send(CausalServer.hidden(rows, 0, 8), new Uplink.EndOfPrompt(8));
      call.awaitSampled();
      float[] drafted = TestServer.prompt(3, 40);
      System.arraycopy(rows, 0, drafted, 0, 10 * WIDTH);
      call.send(CausalServer.step(drafted, 8, 13));
      assertSampled(call.awaitSampled(), drafted, 8, 13);
      // Two of the rows stood: the next step begins behind them.
      call.send(CausalServer.step(rows, 10, 14));
      assertSampled(call.awaitSampled(), rows, 10, 14);
      assertThat(server.metric("cleave.drafts.verified")).isEqualTo(4 + 3);
      // A prompt may take back as well, even all there is.
      float[] other = TestServer.prompt(4, 20);
      call.send(
          CausalServer.hidden(other, 0, 6),
          CausalServer.hidden(other, 2, 9),
          new Uplink.EndOfPrompt(9));
      assertThat(call.awaitSampled().getIdsList()).containsExactly(CausalServer.next(other, 9));
      call.halfClose();
      call.awaitAnswer();
      server.awaitNothingHeld();
    }
  }

  @Test
  void halfCloseWaitsForWhatWasAsked() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    try (CausalServer server = CausalServer.start(engine)) {
      Semaphore gate = engine.gate();
      float[] rows = TestServer.prompt(1, 40);
      TestCall call = server.open(60, 1);
      call.send(CausalServer.hidden(rows, 0, 10), new Uplink.EndOfPrompt(10));
      call.halfClose();
      gate.release(100);
      assertSampled(call.awaitSampled(), rows, 9, 10);
      assertThat(call.awaitAnswer().done().getReason()).isEqualTo(FinishReason.CLOSED);
      server.awaitNothingHeld();
    }
  }

  @Test
  void sixteenSessionsAtOnceGetWhatEachGetsAlone() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    try (CausalServer server = CausalServer.start(engine)) {
      Random random = new Random(5);
      List<TestCall> calls = new ArrayList<>();
      List<float[]> rows = new ArrayList<>();
      int[] lengths = new int[CausalServer.SLOTS];
      for (int i = 0; i < lengths.length; i++) {
        rows.add(TestServer.prompt(i, CausalServer.CONTEXT));
        calls.add(server.open(CausalServer.CONTEXT, CausalServer.STEP));
      }
      for (int round = 0; round < 12; round++) {
        int[] starts = new int[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
          boolean prompt = round == 0 || random.nextInt(4) == 0;
          int count = 1 + random.nextInt(prompt ? 8 : CausalServer.STEP);
          starts[i] = prompt ? lengths[i] + count - 1 : lengths[i];
          if (prompt) {
            calls
                .get(i)
                .send(
                    CausalServer.hidden(rows.get(i), lengths[i], lengths[i] + count),
                    new Uplink.EndOfPrompt(lengths[i] + count));
          } else {
            calls.get(i).send(CausalServer.step(rows.get(i), lengths[i], lengths[i] + count));
          }
          lengths[i] += count;
        }
        for (int i = 0; i < lengths.length; i++) {
          assertSampled(calls.get(i).awaitSampled(), rows.get(i), starts[i], lengths[i]);
        }
      }
      assertThat(engine.steps().stream().mapToInt(List::size).max().orElseThrow()).isGreaterThan(2);
      assertThat(engine.steps()).allMatch(step -> rowsOf(step) <= CausalServer.BUDGET);
      for (TestCall call : calls) {
        call.halfClose();
        call.awaitAnswer();
      }
      server.awaitNothingHeld();
      assertThat(engine.allocated()).isZero();
    }
  }

  @Test
  void drawsDependOnSeedAndPositionAlone() throws Exception {
    try (CausalServer server = CausalServer.start(CausalServer.engine())) {
      float[] rows = TestServer.prompt(1, 40);
      List<Integer> oneByOne = sampled(server, rows, 1, 9);
      List<Integer> drafted = sampled(server, rows, 4, 9);
      assertThat(drafted).isEqualTo(oneByOne);
      assertThat(sampled(server, rows, 4, 10)).isNotEqualTo(oneByOne);
    }
  }

  private static List<Integer> sampled(CausalServer server, float[] rows, int size, long seed)
      throws Exception {
    TestCall call = server.call();
    call.send(
        new Uplink.OpenSession(
            CausalServer.request(40, 5)
                .setSampling(Sampling.newBuilder().setTemperature(2).setTopK(100).setSeed(seed))
                .build()));
    call.awaitOpened();
    call.send(CausalServer.hidden(rows, 0, 8), new Uplink.EndOfPrompt(8));
    List<Integer> ids = new ArrayList<>(call.awaitSampled().getIdsList());
    for (int start = 8; start < 40; start += size) {
      call.send(CausalServer.step(rows, start, start + size));
      ids.addAll(call.awaitSampled().getIdsList());
    }
    call.halfClose();
    call.awaitAnswer();
    return ids;
  }

  @Test
  void logitsComeForEveryAnsweredRow() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    try (CausalServer server =
        CausalServer.start(
            engine, CausalServer.limits(true, Duration.ofSeconds(30)), CausalServer.steps(600))) {
      float[] rows = TestServer.prompt(1, 40);
      TestCall call = server.call();
      call.send(new Uplink.OpenSession(CausalServer.request(40, 5).setWantLogits(true).build()));
      call.awaitOpened();
      call.send(CausalServer.hidden(rows, 0, 8), new Uplink.EndOfPrompt(8));
      assertBest(call.awaitSampled(), 1);
      call.send(CausalServer.step(rows, 8, 11));
      assertBest(call.awaitSampled(), 3);
    }
  }

  private static void assertBest(Sampled sampled, int answers) {
    FloatBuffer logits =
        sampled.getLogits().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    assertThat(sampled.getIdsCount()).isEqualTo(answers);
    assertThat(logits.remaining()).isEqualTo(answers * CausalServer.VOCABULARY);
    for (int answer = 0; answer < answers; answer++) {
      int offset = answer * CausalServer.VOCABULARY;
      for (int id = 0; id < CausalServer.VOCABULARY; id++) {
        assertThat(logits.get(offset + id))
            .isLessThanOrEqualTo(logits.get(offset + sampled.getIds(answer)));
      }
    }
  }

  private static void assertSampled(Sampled sampled, float[] rows, int first, int end) {
    assertThat(sampled.getPosition()).isEqualTo(first);
    List<Integer> expected = new ArrayList<>();
    for (int length = first + 1; length <= end; length++) {
      expected.add(CausalServer.next(rows, length));
    }
    assertThat(sampled.getIdsList()).isEqualTo(expected);
  }

  private static int rowsOf(List<Segment> step) {
    return step.stream().mapToInt(Segment::positions).sum();
  }
}

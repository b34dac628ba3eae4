package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sessions and the end of the token that let them in. */
@Timeout(60)
class TokenEndTest {
  private static final float[] ROWS = TestServer.prompt(1, CausalServer.CONTEXT);

  /** What tokens say, and when they stop to count. */
  private static final int SAID = 100;

  private static final int END = SAID + (int) ClockedServer.SKEW.toSeconds();

  @TempDir private Path folder = Path.of("");

  @Test
  void aSessionMovesBetweenTwoAnswersAndComesBackWithAnotherTokenAlone() throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    try (ClockedServer server = ClockedServer.causal(folder, engine)) {
      String token = server.token(SAID);
      TestCall call = server.call(token).send(CausalServer.opening(40, 1));
      call.awaitOpened();
      call.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
      call.awaitSampled();

      server.at(END - 1); // clocks may differ by so much
      Semaphore gate = engine.gate();
      call.send(CausalServer.step(ROWS, 4, 5));
      TestCall witness = server.call(token).send(CausalServer.opening(40, 1));
      witness.awaitOpened();
      server.at(END + 5); // an answer is under way
      gate.release(1);
      assertThat(call.awaitSampled().getIds(0)).isEqualTo(CausalServer.next(ROWS, 5));
      server.at(END + 7);
      assertMoved(call);
      assertMoved(witness);
      engine.ungate();

      WireError refused = server.call(token).awaitError();
      assertThat(refused.reason()).isEqualTo(WireReason.UNAUTHENTICATED.name());
      assertThat(refused.message()).contains("the token has expired");
      TestCall again = server.call(server.token(END + 100)).send(CausalServer.opening(40, 1));
      again.awaitOpened();
      again.send(CausalServer.hidden(ROWS, 0, 5), new Uplink.EndOfPrompt(5));
      assertThat(again.awaitSampled().getIds(0)).isEqualTo(CausalServer.next(ROWS, 5));
    }
  }

  @Test
  void anAnswerThatIsUnderWayHasAMinuteAndMovesBehindItsTokens() throws Exception {
    FakeDecoderEngine engine = new FakeDecoderEngine(2, TestServer.VOCABULARY);
    float[] prompt = TestServer.prompt(1, 4);
    int[] alone = TestServer.alone(prompt, 5);
    try (ClockedServer server = ClockedServer.decoding(folder, engine, 2)) {
      Semaphore gate = engine.gateSteps();
      TestCall call = server.call(server.token(SAID)).send(TestServer.opening(4, 5));
      call.awaitOpened();
      call.send(TestServer.frame(prompt, 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      gate.release(1);
      assertThat(call.next().getToken().getId()).isEqualTo(alone[0]);
      server.at(END + 59);
      gate.release(1);
      assertThat(call.next().getToken().getId()).isEqualTo(alone[1]);
      server.at(END + 60);
      assertMoved(call);
      engine.ungateSteps();
    }
  }

  @Test
  void nobodyStartsWithATokenThatEndedWhileItWaitedOrWasSilent() throws Exception {
    FakeDecoderEngine engine = new FakeDecoderEngine(1, TestServer.VOCABULARY);
    try (ClockedServer server = ClockedServer.decoding(folder, engine, 1)) {
      TestCall holder = server.call(server.token(1000)).send(TestServer.opening(4, 5));
      holder.awaitOpened();
      String token = server.token(SAID);
      TestCall waits = server.call(token).send(TestServer.opening(4, 5));
      TestCall silent = server.call(token);
      assertThat(server.calls.tryAcquire(3, 20, TimeUnit.SECONDS)).isTrue();
      while (server.waiting() == 0) {
        TimeUnit.MILLISECONDS.sleep(2);
      }
      server.at(END - 1);
      assertThat(server.waiting()).isEqualTo(1);
      server.at(END);
      assertMoved(waits);
      assertThat(server.waiting()).isZero();
      assertMoved(silent.send(TestServer.opening(4, 5)));
      holder.send(
          TestServer.frame(TestServer.prompt(1, 4), 0, HeaderForm.LONG), new Uplink.EndOfPrompt(4));
      assertThat(holder.awaitAnswer().ids()).hasSize(5);
    }
  }

  private static void assertMoved(TestCall call) throws Exception {
    WireError moved = call.awaitError();
    assertThat(moved.reason()).isEqualTo(WireReason.DRAINING.name());
    assertThat(moved.message()).contains("token").contains("open the session again");
  }
}

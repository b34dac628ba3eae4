package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.cleave.wire.Uplink;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How computing and sending of a prompt overlap, told by what must happen at once. */
@Timeout(60)
class PrefillTest {
  /** Chunks of 16, 32 and then 64 positions. */
  private static final int CHUNKS = 9;

  private static final int POSITIONS = 16 + 32 + 7 * 64;

  private final Session session =
      new Session(new FakeModel(Session.VOCABULARY, 50), 1024, LowerHalf.MAX_CHUNK);
  private final AtomicInteger computing = new AtomicInteger();
  private final AtomicInteger sending = new AtomicInteger();

  @Test
  void eachChunkIsComputedWhileTheOneBeforeIsSent() {
    CyclicBarrier both = new CyclicBarrier(2);
    AtomicInteger met = new AtomicInteger();
    session.engine.before =
        positions -> {
          int chunk = computing.getAndIncrement();
          if (chunk >= 1 && chunk < CHUNKS) {
            meet(both);
          }
        };
    session.link.onUplink =
        (stream, message) -> {
          // Neither goes on before the other has begun: one after the other would stand still.
          if (message instanceof Uplink.Hidden && sending.getAndIncrement() < CHUNKS - 1) {
            meet(both);
            met.incrementAndGet();
          }
        };
    answers();
    assertThat(met).hasValue(CHUNKS - 1);
    assertThat(sending).hasValue(CHUNKS);
  }

  @Test
  void computesNoFurtherAheadThanThereAreBuffers() {
    AtomicInteger furthest = new AtomicInteger();
    session.engine.before =
        positions -> {
          int ahead = computing.getAndIncrement() - sending.get();
          furthest.accumulateAndGet(ahead, Math::max);
        };
    session.link.onUplink =
        (stream, message) -> {
          if (message instanceof Uplink.Hidden) {
            sending.incrementAndGet();
          }
        };
    answers();
    // One lies ready, one is computed, and one may just be given back.
    assertThat(furthest.get()).isBetween(0, 3);
    assertThat(computing).hasValue(CHUNKS + 1);
  }

  @Test
  void computesNothingMoreOnceCancelled() {
    Turn turn = session.begin(Session.prompt(POSITIONS, 1), Session.turn(2, 0));
    session.link.onUplink =
        (stream, message) -> {
          if (sending.incrementAndGet() == 2) {
            turn.cancel();
            session.engine.before = positions -> computing.incrementAndGet();
          }
        };
    assertThat(turn.advance()).isFalse();
    assertThat(turn.end()).isEqualTo(TurnEnd.CANCELLED);
    // At most the one that had just begun.
    assertThat(computing.get()).isLessThanOrEqualTo(1);
    assertThat(sending).hasValue(2);
    session.close();
  }

  @Test
  void computesNothingMoreOnceTheStreamHasFailed() {
    Turn turn = session.begin(Session.prompt(POSITIONS, 1), Session.turn(2, 0));
    session.link.onUplink =
        (stream, message) -> {
          if (sending.incrementAndGet() == 2) {
            stream.lose(FakeDecoderLink.lost());
          }
        };
    assertThat(catchThrowable(turn::advance)).hasMessageContaining("lost");
    assertThat(session.engine.computed.get()).isLessThan(POSITIONS - 128);
    session.close();
  }

  private void answers() {
    int[] prompt = Session.prompt(POSITIONS, 1);
    assertThat(session.answer(prompt, Session.turn(2, 0)))
        .isEqualTo(session.expected(Session.list(prompt), 2));
    session.close();
  }

  private static void meet(CyclicBarrier both) {
    try {
      both.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
      throw new IllegalStateException("nobody else is at work", e);
    }
  }
}

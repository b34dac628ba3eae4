package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Open;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions of many turns whose servers die wherever they can; the fake checks what it is sent. */
@Timeout(120)
class ReplayedSessionTest {
  private static final int[] PROMPT = Session.prompt(60, 5);
  private static final TurnTerms TURN = Session.turn(20, 4);

  /** More messages than the turns below have. */
  private static final int POINTS = 30;

  @Test
  void aServerLostAnywhereIsNotNoticed() {
    int reopened = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.replayed(85)) {
        List<Integer> ids = threeTurns(session);
        Turn turn = session.begin(PROMPT, TURN);
        loseAt(session, point);
        assertThat(Session.rest(turn)).as("point %d", point).isEqualTo(session.expected(ids, 20));
        reopened += Objects.requireNonNull(turn.report()).sent().reopened();
        // The ids that stand are all that the last server has, and nothing was computed twice.
        goesOn(session);
      }
    }
    assertThat(reopened).isGreaterThan(14);
  }

  @Test
  void nothingIsComputedTwiceOnTheDevice() {
    int undisturbed;
    try (Session session = Session.replayed(85)) {
      var _ = Session.rest(session.begin(PROMPT, TURN));
      undisturbed = session.engine.computed.get();
    }
    try (Session session = Session.replayed(85)) {
      Turn turn = session.begin(PROMPT, TURN);
      loseAt(session, 12);
      assertThat(Session.rest(turn)).hasSize(20);
      assertThat(session.link.streams).hasSize(2);
      assertThat(session.engine.computed).hasValue(undisturbed);
    }
  }

  @Test
  void theNextServerMayBeLostAnywhereInTheReplay() {
    int replays = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.replayed(85)) {
        List<Integer> ids = threeTurns(session);
        Turn turn = session.begin(PROMPT, TURN);
        AtomicInteger sent = new AtomicInteger();
        int at = point;
        session.link.onUplink =
            (stream, message) -> {
              int streams = session.link.streams.size();
              int count = sent.getAndIncrement();
              if ((streams == 1 && count == 12) || (streams == 2 && count == 13 + at)) {
                stream.lose(FakeDecoderLink.lost());
              }
            };
        assertThat(Session.rest(turn)).as("point %d", point).isEqualTo(session.expected(ids, 20));
        replays += session.link.streams.size() - 1;
        goesOn(session);
      }
    }
    assertThat(replays).isGreaterThan(40);
  }

  @Test
  void eachAttemptNamesTheSameSession() {
    try (Session session = Session.replayed(85)) {
      Turn turn = session.begin(PROMPT, TURN);
      loseAt(session, 9);
      assertThat(Session.rest(turn)).hasSize(20);
      Open first = session.link.streams.getFirst().open;
      Open second = session.link.streams.getLast().open;
      assertThat(first.getSessionHigh() | first.getSessionLow()).isNotZero();
      assertThat(first.getAttempt()).isZero();
      assertThat(second).isEqualTo(first.toBuilder().setAttempt(1).build());
    }
  }

  @Test
  void turnsThatAreOverAreSentAsPromptsAndWhatWasTakenBackNotAtAll() {
    try (Session session = Session.replayed(0)) {
      session.answer(Session.prompt(20, 3), Session.turn(4, 0));
      session.split.truncate(21);
      session.answer(new int[] {7, 8}, Session.turn(3, 0));
      Turn turn = session.begin(new int[] {9}, Session.turn(3, 0));
      assertThat(turn.advance()).isTrue();
      assertThat(turn.advance()).isTrue();
      session.link.last().lose(FakeDecoderLink.lost());
      assertThat(turn.advance()).isTrue();
      assertThat(turn.advance()).isFalse();
      assertThat(session.link.last().log)
          .containsExactly(
              "h0+16", "h16+4", "h20+1", "h21+2", "h23+1", "h24+1", "h25+2", "e27", "s27+1",
              "s28+1");
    }
  }

  @Test
  void aCancelledTurnLeavesNothingThatCouldBeSentAgain() {
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.replayed(85)) {
        Turn turn = session.begin(PROMPT, TURN);
        AtomicInteger sent = new AtomicInteger();
        int at = point;
        session.link.onUplink =
            (stream, message) -> {
              if (sent.getAndIncrement() == at) {
                turn.cancel();
              }
            };
        List<Integer> ids = new ArrayList<>(Session.list(PROMPT));
        ids.addAll(Session.rest(turn));
        session.link.onUplink = (stream, message) -> {};
        if (session.link.last().ended()) {
          continue;
        }
        session.link.last().lose(FakeDecoderLink.lost());
        ids.add(9);
        assertThat(session.answer(new int[] {9}, TURN))
            .as("point %d", point)
            .isEqualTo(session.expected(ids, 20));
      }
    }
  }

  @Test
  void aServerThatAnswersOtherwiseIsNotTakenForTheSame() {
    try (Session session = Session.replayed(85)) {
      Turn turn = session.begin(PROMPT, TURN);
      assertThat(turn.advance()).isTrue();
      int id = turn.id();
      session.link.onUplink =
          (stream, message) -> {
            if (session.link.streams.size() == 2 && stream.log.size() == 4) {
              stream.say(
                  ServerMessage.newBuilder()
                      .setSampled(Sampled.newBuilder().setPosition(59).addIds((id + 1) % 50))
                      .build());
            }
          };
      session.link.last().lose(FakeDecoderLink.lost());
      assertThatThrownBy(() -> Session.rest(turn))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.DIVERGED))
          .hasMessageContaining("position 59")
          .hasMessageContaining("fake");
      assertThat(session.ids()).isEmpty();
    }
  }

  /** Turns with drafts, without, and one that was edited; returns what the fourth goes on from. */
  private static List<Integer> threeTurns(Session session) {
    session.answer(new int[] {1, 2}, Session.turn(9, 4));
    session.split.truncate(6);
    session.answer(Session.prompt(20, 2), Session.turn(3, 4));
    session.answer(new int[] {3}, Session.turn(2, 4));
    List<Integer> ids = new ArrayList<>(session.ids());
    ids.addAll(Session.list(PROMPT));
    return ids;
  }

  private static void loseAt(Session session, int point) {
    AtomicInteger sent = new AtomicInteger();
    session.link.onUplink =
        (stream, message) -> {
          if (sent.getAndIncrement() == point) {
            stream.lose(FakeDecoderLink.lost());
          }
        };
  }

  /** Another turn, on another server once more. */
  private static void goesOn(Session session) {
    session.link.onUplink = (stream, message) -> {};
    session.link.last().lose(FakeDecoderLink.lost());
    List<Integer> ids = new ArrayList<>(session.ids());
    ids.add(9);
    assertThat(session.answer(new int[] {9}, Session.turn(6, 4)))
        .isEqualTo(session.expected(ids, 6));
    assertThat(session.link.last().ids())
        .startsWith(session.ids().subList(0, session.ids().size() - 1).toArray(Integer[]::new));
  }
}

package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Named.named;

import com.google.protobuf.ByteString;
import dev.cleave.edge.error.Category;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What becomes of a session when a turn is cancelled or fails, wherever it was. */
@Timeout(60)
class TurnFailureTest {
  private static final int[] PROMPT = Session.prompt(60, 5);
  private static final TurnTerms TURN = Session.turn(20, 4);

  /** More messages than the turn above has. */
  private static final int POINTS = 26;

  static final List<Named<ServerMessage>> LIES =
      List.of(
          named("another position", sampled(58, 1)),
          named("too many ids", sampled(59, 1, 2)),
          named("no ids", sampled(59)),
          named("an id beyond the vocabulary", sampled(59, Session.VOCABULARY)),
          named("an id above 2^31", sampled(59, -1)),
          named(
              "logits that nobody asked for",
              ServerMessage.newBuilder()
                  .setSampled(
                      Sampled.newBuilder()
                          .setPosition(59)
                          .addIds(1)
                          .setLogits(ByteString.copyFrom(new byte[4])))
                  .build()),
          named(
              "a token of its own",
              ServerMessage.newBuilder().setToken(Token.getDefaultInstance()).build()),
          named(
              "Opened once more",
              ServerMessage.newBuilder().setOpened(Opened.getDefaultInstance()).build()),
          named("nothing", ServerMessage.getDefaultInstance()));

  private static ServerMessage sampled(int position, int... ids) {
    Sampled.Builder sampled = Sampled.newBuilder().setPosition(position);
    for (int id : ids) {
      sampled.addIds(id);
    }
    return ServerMessage.newBuilder().setSampled(sampled).build();
  }

  @Test
  void cancelledAnywhereKeepsWhatCame() {
    int cancelled = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.of(85)) {
        Turn turn = session.begin(PROMPT, TURN);
        at(session, point, turn::cancel);
        List<Integer> answer = Session.rest(turn);
        List<Integer> expected = session.expected(Session.list(PROMPT), 20);
        assertThat(answer).isEqualTo(expected.subList(0, answer.size()));
        cancelled += turn.end() == TurnEnd.CANCELLED ? 1 : 0;
        goesOn(session, answer);
        assertThat(session.link.streams).as("point %d", point).hasSize(1);
      }
    }
    assertThat(cancelled).isGreaterThan(6);
  }

  @Test
  void cancelledWhileTheServerIsSilentEndsTheWaitAndKeepsTheSession() throws Exception {
    int waited = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.of(85)) {
        Turn turn = session.begin(PROMPT, TURN);
        FakeDecoderLink.FakeStream stream = session.link.last();
        List<Thread> cancels = new ArrayList<>();
        at(
            session,
            point,
            () -> {
              stream.silent = true;
              cancels.add(Thread.startVirtualThread(turn::cancel));
            });
        List<Integer> answer = Session.rest(turn);
        waited += stream.silent ? 1 : 0;
        stream.silent = false;
        for (Thread cancel : cancels) {
          cancel.join();
        }
        // What the server still owes comes in the next turn, before its own answers.
        goesOn(session, answer);
        assertThat(session.link.streams).hasSize(1);
      }
    }
    assertThat(waited).isGreaterThan(6);
  }

  @Test
  void aFailureAnywhereLeavesTheConversationAsItWas() {
    CleaveException fatal = CleaveException.fatal(Code.SERVER, "broken", "look at the log");
    int failed = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.of(85)) {
        List<Integer> before = session.answer(new int[] {1, 2}, Session.turn(3, 4));
        List<Integer> ids = session.ids();
        Turn turn = session.begin(PROMPT, TURN);
        FakeDecoderLink.FakeStream stream = session.link.last();
        at(session, point, () -> stream.lose(fatal));
        try {
          Session.rest(turn);
        } catch (CleaveException e) {
          assertThat(e).isSameAs(fatal);
          failed++;
          assertThat(turn.ended()).isTrue();
          assertThat(turn.end()).isNull();
          assertThat(turn.advance()).isFalse();
          assertThat(session.ids()).isEqualTo(ids);
          // The same turn once more, on a stream of its own.
          ids = new ArrayList<>(ids);
          ids.addAll(Session.list(PROMPT));
          assertThat(session.answer(PROMPT, TURN)).isEqualTo(session.expected(ids, 20));
          assertThat(session.link.streams).hasSize(2);
        }
        assertThat(before).hasSize(3);
      }
    }
    assertThat(failed).isGreaterThan(6);
  }

  @Test
  void aSessionThatTheServerLosesAnywhereIsOpenedAgain() {
    int reopened = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.of(85)) {
        session.answer(new int[] {1, 2}, Session.turn(3, 4));
        List<Integer> ids = new ArrayList<>(session.ids());
        ids.addAll(Session.list(PROMPT));
        Turn turn = session.begin(PROMPT, TURN);
        FakeDecoderLink.FakeStream stream = session.link.last();
        at(session, point, () -> stream.lose(FakeDecoderLink.lost()));
        assertThat(Session.rest(turn)).as("point %d", point).isEqualTo(session.expected(ids, 20));
        int again = Objects.requireNonNull(turn.report()).sent().reopened();
        assertThat(session.link.streams).hasSize(1 + again);
        reopened += again;
      }
    }
    assertThat(reopened).isGreaterThan(6);
  }

  @Test
  void aSessionThatTheServerEndedBetweenTurnsIsOpenedAgain() {
    try (Session session = Session.of(50)) {
      session.answer(PROMPT, Session.turn(3, 0));
      List<Integer> ids = new ArrayList<>(session.ids());
      session
          .link
          .last()
          .say(
              ServerMessage.newBuilder()
                  .setDone(Done.newBuilder().setReason(FinishReason.CLOSED))
                  .build());
      ids.add(9);
      assertThat(session.answer(new int[] {9}, Session.turn(4, 0)))
          .isEqualTo(session.expected(ids, 4));
      assertThat(session.link.last().log).startsWith("h0+16").contains("e64");
    }
  }

  @Test
  void losesPatienceWithAServerThatLosesEverySession() {
    try (Session session = Session.of(50)) {
      session.answer(PROMPT, Session.turn(3, 0));
      session.link.last().lose(FakeDecoderLink.lost());
      session.link.refusal =
          CleaveException.of(Code.SERVER, Category.RETRY, "no room", "try again")
              .withRetryDelay(Duration.ofMillis(70));
      assertThatThrownBy(() -> session.answer(new int[] {9}, Session.turn(4, 0)))
          .isInstanceOfSatisfying(
              CleaveException.class,
              e -> {
                assertThat(e.category()).isEqualTo(Category.RETRY);
                assertThat(e.retryDelay()).contains(Duration.ofMillis(70));
                assertThat(e.getSuppressed()).hasSize(1);
              });
      assertThat(session.link.streams).hasSize(2);
      session.link.refusal = null;
      List<Integer> ids = new ArrayList<>(session.ids());
      assertThat(ids).hasSize(63);
      ids.add(9);
      assertThat(session.answer(new int[] {9}, Session.turn(4, 0)))
          .isEqualTo(session.expected(ids, 4));
    }
  }

  @Test
  void aFailureOfTheEngineAnywhereFailsTheTurnAlone() {
    int failed = 0;
    for (int point = 0; point < POINTS; point++) {
      try (Session session = Session.of(85)) {
        AtomicInteger computations = new AtomicInteger();
        int at = point;
        session.engine.before =
            positions -> {
              if (computations.getAndIncrement() == at) {
                throw new IllegalStateException("out of order");
              }
            };
        Turn turn = session.begin(PROMPT, TURN);
        try {
          Session.rest(turn);
        } catch (CleaveException e) {
          assertThat(e.code()).isEqualTo(Code.ENGINE);
          failed++;
          assertThat(session.ids()).isEmpty();
          assertThat(session.answer(PROMPT, TURN))
              .isEqualTo(session.expected(Session.list(PROMPT), 20));
        }
      }
    }
    assertThat(failed).isGreaterThan(6);
  }

  @Test
  void aDeadlineFailsTheTurnAndNotTheSession() {
    try (Session session = Session.of(50)) {
      TurnTerms hurried = new TurnTerms(5, Set.of(), 0, Optional.of(Duration.ofNanos(1)));
      Turn turn = session.begin(PROMPT, hurried);
      assertThatThrownBy(turn::advance)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.DEADLINE));
      assertThat(session.answer(PROMPT, Session.turn(2, 0))).hasSize(2);
    }
  }

  @Test
  void closingTheSessionEndsTheTurnFromAnyThread() throws Exception {
    try (Session session = Session.of(50)) {
      Turn turn = session.begin(PROMPT, TURN);
      session.link.last().silent = true;
      Thread closing = Thread.startVirtualThread(session.split::close);
      assertThat(Session.rest(turn)).isEmpty();
      closing.join();
      assertThat(turn.end()).isEqualTo(TurnEnd.CANCELLED);
      assertThatThrownBy(() -> session.begin(new int[] {1}, TURN))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
    }
  }

  @ParameterizedTest
  @FieldSource("LIES")
  void catchesAServerThatLies(ServerMessage lie) {
    try (Session session = Session.of(50)) {
      Turn turn = session.begin(PROMPT, TURN);
      session.link.last().say(lie);
      assertThatThrownBy(turn::advance)
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.PROTOCOL));
      assertThat(session.answer(PROMPT, Session.turn(2, 0))).hasSize(2);
    }
  }

  /** Does this when the device sends its message of that number, before the server has it. */
  private static void at(Session session, int point, Runnable action) {
    AtomicInteger sent = new AtomicInteger();
    session.link.onUplink =
        (stream, message) -> {
          if (sent.getAndIncrement() == point) {
            action.run();
          }
        };
  }

  /** The next turn must answer as if nothing had happened. */
  private static void goesOn(Session session, List<Integer> answered) {
    session.link.onUplink = (stream, message) -> {};
    List<Integer> ids = new ArrayList<>(Session.list(PROMPT));
    ids.addAll(answered);
    assertThat(session.ids()).isEqualTo(ids);
    ids.add(9);
    assertThat(session.answer(new int[] {9}, Session.turn(6, 4)))
        .isEqualTo(session.expected(ids, 6));
  }
}

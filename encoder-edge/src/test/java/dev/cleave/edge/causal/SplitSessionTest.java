package dev.cleave.edge.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SplitSessionTest {

  @Test
  void sendsThePromptOnceAndThenEachTokenAsItsPositionSays() {
    try (Session session = Session.of(0)) {
      int[] prompt = Session.prompt(40, 1);
      Turn turn = session.begin(prompt, Session.turn(4, 0));
      List<Integer> answer = Session.rest(turn);
      assertThat(answer).isEqualTo(session.expected(Session.list(prompt), 4));
      assertThat(turn.end()).isEqualTo(TurnEnd.LENGTH);
      // Chunks of 16, 32, ... as the server takes 24; the last token answered is never sent.
      assertThat(session.link.last().log)
          .containsExactly("h0+16", "h16+24", "e40", "s40+1", "s41+1", "s42+1");
      TurnReport.Sent sent = Objects.requireNonNull(turn.report()).sent();
      assertThat(sent.positions()).isEqualTo(43);
      assertThat(sent.roundTrips()).isEqualTo(4);
      assertThat(sent.tally().frames()).isEqualTo(5);
      assertThat(session.split.length()).isEqualTo(44);
    }
  }

  @Test
  void draftsNeverChangeTheAnswer() {
    int accepted = 0;
    int saved = 0;
    for (int seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      int repetition = Math.min(99, random.nextInt(150));
      int drafts = 1 + random.nextInt(12);
      int tokens = 1 + random.nextInt(200);
      int[] prompt = Session.prompt(1 + random.nextInt(100), seed);
      Integer[] ends = random.nextBoolean() ? new Integer[0] : new Integer[] {random.nextInt(50)};
      try (Session plain = Session.of(repetition);
          Session drafted = Session.of(repetition)) {
        plain.seed = random.nextInt(3); // 0 is greedy
        drafted.seed = plain.seed;
        List<Integer> before = plain.answer(prompt, Session.turn(tokens, 0, ends));
        Turn turn = drafted.begin(prompt, Session.turn(tokens, drafts, ends));
        assertThat(Session.rest(turn)).as("seed %d", seed).isEqualTo(before);
        assertThat(drafted.ids()).isEqualTo(plain.ids());
        assertThat(before.size()).isLessThanOrEqualTo(tokens);
        TurnReport.Sent sent = Objects.requireNonNull(turn.report()).sent();
        accepted += sent.drafts().accepted();
        saved += plain.link.last().log.size() - drafted.link.last().log.size();
        // A further turn on what both hold must agree too.
        assertThat(drafted.answer(new int[] {3, 4}, Session.turn(9, drafts)))
            .as("second turn of seed %d", seed)
            .isEqualTo(plain.answer(new int[] {3, 4}, Session.turn(9, 0)));
      }
    }
    assertThat(accepted).isGreaterThan(500);
    assertThat(saved).isGreaterThan(300);
  }

  @Test
  void aFurtherTurnSendsOnlyWhatIsNew() {
    try (Session session = Session.of(30)) {
      List<Integer> all = new ArrayList<>(Session.list(Session.prompt(30, 2)));
      all.addAll(session.answer(Session.prompt(30, 2), Session.turn(5, 0)));
      session.link.last().log.clear();
      session.engine.computed.set(0);
      all.addAll(List.of(7, 8, 9));
      List<Integer> answer = session.answer(new int[] {7, 8, 9}, Session.turn(2, 0));
      assertThat(answer).isEqualTo(session.expected(all, 2));
      // Position 34 is the last token of the first answer.
      assertThat(session.link.last().log).containsExactly("h34+4", "e38", "s38+1");
      assertThat(session.engine.computed).hasValue(5);
      assertThat(session.link.streams).hasSize(1);
    }
  }

  @Test
  void anEndInsideDraftsLeavesNothingBehindIt() {
    for (int seed = 0; seed < 40; seed++) {
      try (Session session = Session.of(95)) {
        int[] prompt = Session.prompt(40, seed);
        List<Integer> free = session.expected(Session.list(prompt), 30);
        int end = free.get(17);
        List<Integer> answer = session.answer(prompt, Session.turn(30, 8, end));
        assertThat(answer).isEqualTo(free.subList(0, free.indexOf(end)));
        List<Integer> all = new ArrayList<>(Session.list(prompt));
        all.addAll(answer);
        assertThat(session.ids()).isEqualTo(all);
        all.add(1);
        assertThat(session.answer(new int[] {1}, Session.turn(6, 8)))
            .isEqualTo(session.expected(all, 6));
      }
    }
  }

  @Test
  void takesPositionsBackAndAnswersAgain() {
    try (Session session = Session.of(50)) {
      int[] prompt = Session.prompt(20, 3);
      List<Integer> first = session.answer(prompt, Session.turn(6, 2));
      session.split.truncate(20);
      session.link.last().log.clear();
      assertThat(session.answer(new int[0], Session.turn(6, 2))).isEqualTo(first);
      assertThat(session.link.last().log.getFirst()).isEqualTo("h19+1");
      session.split.truncate(10);
      List<Integer> edited = new ArrayList<>(Session.list(prompt).subList(0, 10));
      edited.add(44);
      assertThat(session.answer(new int[] {44}, Session.turn(3, 2)))
          .isEqualTo(session.expected(edited, 3));
      assertThatThrownBy(() -> session.split.truncate(15))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[0, 14]");
    }
  }

  @Test
  void keepsWhatAWholeConversationHasInCommon() {
    try (Session session = Session.of(50)) {
      session.answer(Session.prompt(20, 3), Session.turn(6, 0));
      int[] whole = Arrays.copyOf(session.split.ids(), 29);
      whole[25] = 49 - whole[25];
      session.link.last().log.clear();
      List<Integer> answer =
          Session.rest(session.split.beginWith(whole, session.terms(0), Session.turn(3, 0)));
      assertThat(answer).isEqualTo(session.expected(Session.list(whole), 3));
      assertThat(session.link.last().log.getFirst()).isEqualTo("h25+4");
    }
  }

  @Test
  void otherSamplingTakesAnotherStream() {
    try (Session session = Session.of(50)) {
      int[] prompt = Session.prompt(20, 3);
      session.answer(prompt, Session.turn(4, 0));
      session.split.truncate(20);
      session.seed = 9;
      assertThat(session.answer(new int[0], Session.turn(4, 0)))
          .isEqualTo(session.expected(Session.list(prompt), 4));
      assertThat(session.link.streams).hasSize(2);
      assertThat(session.link.streams.getFirst().completed).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5})
  void endsWhereTheContextIsFull(int drafts) {
    try (Session session = new Session(new FakeModel(Session.VOCABULARY, 80), 32, 24)) {
      int[] prompt = Session.prompt(20, 3);
      Turn turn = session.begin(prompt, Session.turn(99, drafts));
      assertThat(Session.rest(turn)).isEqualTo(session.expected(Session.list(prompt), 12));
      assertThat(turn.end()).isEqualTo(TurnEnd.CONTEXT_FULL);
      assertThatThrownBy(() -> session.begin(new int[] {1}, Session.turn(1, 0)))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("32");
      session.split.truncate(30);
      assertThat(session.answer(new int[0], Session.turn(1, drafts))).hasSize(1);
    }
  }

  @Test
  void refusesWhatHasNoRoomOrNoIdsBeforeAnythingIsSent() {
    try (Session session = new Session(new FakeModel(Session.VOCABULARY, 0), 32, 24)) {
      for (int length : new int[] {0, 32, 33, 4000}) {
        assertThatThrownBy(() -> session.begin(Session.prompt(length, 0), Session.turn(1, 0)))
            .isInstanceOfSatisfying(
                CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT));
      }
      assertThatThrownBy(() -> session.begin(new int[] {50}, Session.turn(1, 0)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(session.link.streams).isEmpty();
      assertThat(session.answer(Session.prompt(31, 0), Session.turn(5, 0))).hasSize(1);
    }
  }

  @Test
  void refusesASecondTurnWhileOneGoesOn() {
    try (Session session = Session.of(0)) {
      Turn turn = session.begin(Session.prompt(5, 0), Session.turn(9, 0));
      assertThat(turn.advance()).isTrue();
      assertThatThrownBy(() -> session.begin(new int[] {1}, Session.turn(9, 0)))
          .isInstanceOf(IllegalStateException.class);
      turn.close();
      assertThat(turn.end()).isEqualTo(TurnEnd.CANCELLED);
      assertThat(session.answer(new int[] {1}, Session.turn(9, 0))).hasSize(9);
    }
  }
}

package dev.cleave.edge.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class ChatHistoryTest {
  private static final HfTokenizer TOKENIZER = Fixtures.tokenizer("bart");
  private static final ChatEncoder ENCODER =
      new ChatEncoder(ChatTemplate.of(TinyLlama.TEMPLATE, "<s>", "</s>"), TOKENIZER);

  private final ChatHistory history = new ChatHistory(ENCODER, 200);

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @Test
  void growsByWhatIsSaid() {
    history.tell("Be brief.");
    say("Hi", "Hello");
    ChatHistory.Prompt prompt = history.ask("And now?", 10);

    assertThat(prompt.dropped()).isZero();
    assertThat(TOKENIZER.decode(prompt.written().ids()))
        .isEqualTo("system\nBe brief.\nuser\nHi\nassistant\nHello\nuser\nAnd now?\nassistant\n");
  }

  @Test
  void takesBackTheLastTurnAndForgetsTurnsButNotTheSystem() {
    history.tell("Be brief.");
    say("one", "1");
    say("two", "2");

    assertThat(history.undo()).isTrue();
    assertThat(history.messages())
        .containsExactly(
            ChatMessage.system("Be brief."), ChatMessage.user("one"), ChatMessage.assistant("1"));
    history.clear();
    assertThat(history.undo()).isFalse();
    assertThat(history.messages()).containsExactly(ChatMessage.system("Be brief."));
    history.tell(null);
    assertThat(history.messages()).isEmpty();
  }

  @Test
  void forgetsAQuestionThatWasNotAnswered() {
    say("one", "1");
    history.ask("two", 10);
    history.failed();

    assertThat(history.messages())
        .containsExactly(ChatMessage.user("one"), ChatMessage.assistant("1"));
  }

  @Test
  void dropsTheOldestTurnsWhereThereIsNoRoom() {
    history.tell("Be brief.");
    int dropped = 0;
    int turns = 0;
    while (dropped == 0 && turns < 50) {
      ChatHistory.Prompt prompt = history.ask("Question number " + turns, 20);
      dropped = prompt.dropped();
      assertThat(prompt.written().length()).isLessThanOrEqualTo(180);
      if (dropped > 0) {
        assertThat(prompt.written().length()).isLessThanOrEqualTo(150);
      }
      answer("Answer number " + turns);
      turns++;
    }

    assertThat(dropped).isPositive();
    assertThat(history.messages().getFirst()).isEqualTo(ChatMessage.system("Be brief."));
    assertThat(history.messages().get(1))
        .isEqualTo(ChatMessage.user("Question number " + dropped / 2));
    assertThat(history.messages().getLast())
        .isEqualTo(ChatMessage.assistant("Answer number " + (turns - 1)));
  }

  @Test
  void refusesAMessageThatIsTooLongAndStaysAsItWas() {
    say("one", "1");

    assertThatThrownBy(() -> history.ask("pain ".repeat(200), 20))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("with 20 for an answer")
        .hasMessageContaining("200");
    assertThat(history.messages())
        .containsExactly(ChatMessage.user("one"), ChatMessage.assistant("1"));
  }

  private void say(String question, String answer) {
    history.ask(question, 10);
    answer(answer);
  }

  private void answer(String text) {
    history.answered(text, TOKENIZER.encodeWritten(text));
  }
}

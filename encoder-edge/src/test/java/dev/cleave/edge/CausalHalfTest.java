package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.codec.CodecMode;
import dev.cleave.edge.causal.FakeDecoderLink;
import dev.cleave.edge.causal.FakeLowerEngine;
import dev.cleave.edge.causal.FakeModel;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers of a decoder-only model as a caller of the SDK gets them; both sides are fakes. */
@Timeout(60)
class CausalHalfTest {
  private static final int VOCABULARY = 300;
  private static final int END = 17;
  private static final int[] PROMPT =
      IntStream.range(0, 90).map(i -> 5 + (i % 13) * 11 + i / 40).toArray();
  private static final GenerateOptions ENDING =
      GenerateOptions.defaults().withCodec(CodecMode.RAW_F32).withMaxNewTokens(60);
  private static final GenerateOptions RAW = ENDING.ignoringEos();

  private final HfTokenizer tokenizer = Fixtures.tokenizer("t5-v1.0-tied-relu");
  private final FakeLowerEngine engine = new FakeLowerEngine(256);
  private final FakeDecoderLink link = new FakeDecoderLink(new FakeModel(VOCABULARY, 90), 64);
  private final CausalHalf half =
      new CausalHalf(
          new DeviceBundle(
              "ab".repeat(32),
              new EncoderShape(FakeLowerEngine.WIDTH, 256),
              new DeviceBundle.Tokens(VOCABULARY, Set.of(), Set.of(END)),
              new DeviceBundle.AnswerLimits(20, 200),
              DeviceCodec.uncalibrated(FakeLowerEngine.WIDTH)),
          tokenizer,
          engine,
          link);

  @AfterEach
  void nothingIsLeft() {
    half.close();
    tokenizer.close();
    assertThat(engine.open).hasValue(0);
    assertThat(link.streams).allMatch(FakeDecoderLink.FakeStream::ended);
  }

  @Test
  void oneAnswerTakesNoMoreRoomThanItNeedsAndLeavesNothing() {
    try (Generation answer = half.generate(PROMPT, RAW)) {
      assertThat(answer.text()).isEqualTo(tokenizer.decode(answer.tokenIds())).isNotEmpty();
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(answer.tokenIds()).hasSize(60);
      assertThat(engine.open).hasValue(0);
      assertThat(link.last().completed).isTrue();
      assertThat(link.last().cancelled).isFalse();
      assertThat(link.last().open.getPromptPositions()).isEqualTo(150);
      assertThat(link.last().open.getMaxNewTokens()).isZero();
      assertThat(link.last().open.getStepPositions()).isEqualTo(1);
      assertThat(link.last().open.getIgnoreEos()).isFalse();
    }
  }

  @Test
  void aStopStringEndsTheAnswerAtTheSamePlaceWithDrafts() {
    String text;
    try (Generation answer = half.generate(PROMPT, RAW)) {
      text = answer.text();
    }
    for (int from = 3; from < text.length() - 5; from += 7) {
      String stop = text.substring(from, from + 4);
      GenerateOptions options = RAW.withStops(List.of(stop)).withDrafts(8);
      try (Generation answer = half.generate(PROMPT, options)) {
        assertThat(answer.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(answer.receipt().received().tokens()).isEqualTo(answer.tokenIds().length);
      }
      assertThat(engine.open).hasValue(0);
    }
  }

  @Test
  void aSessionKeepsWhatWasAnsweredAndGoesOn() {
    try (CausalSession session = half.openSession(SessionOptions.defaults())) {
      Generation first = session.generate(PROMPT, RAW.withMaxNewTokens(7).withDrafts(4));
      assertThat(first.text()).isNotNull();
      assertThat(session.ids()).startsWith(PROMPT).endsWith(first.tokenIds());
      assertThat(session.length()).isEqualTo(97);
      Generation second = session.generate(new int[] {8, 9}, RAW.withMaxNewTokens(3).withDrafts(4));
      assertThat(second.text()).isNotNull();
      // The token that was answered last, and two new ones.
      assertThat(second.receipt().sent().positions()).isBetween(3, 3 + 2 * 5);
      assertThat(link.streams).hasSize(1);
      session.truncate(90);
      Generation again = session.generateFrom(PROMPT, RAW.withMaxNewTokens(7).withDrafts(4));
      assertThat(again.text()).isNotNull();
      assertThat(again.tokenIds()).isEqualTo(first.tokenIds());
      assertThat(session.capacity()).isEqualTo(256);
    }
  }

  @Test
  void anAnswerThatFillsTheContextSaysSo() {
    try (CausalSession session = half.openSession(SessionOptions.defaults().withPositions(100));
        Generation answer = session.generate(PROMPT, RAW)) {
      assertThat(answer.text()).isNotEmpty();
      assertThat(answer.tokenIds()).hasSize(10);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(Objects.requireNonNull(answer.receipt().steps()).note())
          .contains("context of 100 positions is full");
    }
  }

  @Test
  void theReceiptCountsStepsAndDrafts() throws Exception {
    try (Generation answer = half.generate(PROMPT, RAW.withDrafts(8))) {
      assertThat(answer.text()).isNotEmpty();
      Receipt receipt = answer.receipt();
      Receipt.Steps steps = Objects.requireNonNull(receipt.steps());
      // By the clock: how long drafts go on depends on how long steps take.
      assertThat(steps.draftsAccepted()).isBetween(1, steps.draftsSent());
      assertThat(steps.roundTrips()).isEqualTo(60 - steps.draftsAccepted());
      assertThat(receipt.sent().positions())
          .isEqualTo(PROMPT.length + steps.roundTrips() - 1 + steps.draftsSent());
      // One long header of 64 bytes, short ones of 12 after it.
      assertThat(receipt.sent().frameBytes())
          .isEqualTo(16L * receipt.sent().positions() + 64 + 12L * (receipt.sent().frames() - 1));
      assertThat(steps.bytesUpPerToken()).isBetween(5.0, 100.0);
      // The prompt, and some of the steps.
      assertThat(steps.measuredPositions())
          .isBetween(100L, Math.min(176L, receipt.sent().positions()));
      assertThat(Objects.requireNonNull(receipt.sent().coding().measured()).exact()).isTrue();
      JsonNode json = new ObjectMapper().valueToTree(receipt);
      assertThat(json.get("round_trips").asInt()).isEqualTo(steps.roundTrips());
      assertThat(json.get("drafts_accepted").asInt()).isEqualTo(steps.draftsAccepted());
      assertThat(json.get("note").isNull()).isTrue();
      assertThat(json.get("reopened").asInt()).isZero();
    }
  }

  @Test
  void logitsComeWithEachTokenThatStands() {
    try (Generation answer = half.generate(PROMPT, RAW.withDrafts(8).withLogits())) {
      assertThat(answer.text()).isNotEmpty();
      List<FloatBuffer> logits = answer.logits();
      assertThat(logits).hasSize(60);
      for (int i = 0; i < logits.size(); i++) {
        assertThat(logits.get(i).remaining()).isEqualTo(VOCABULARY);
        assertThat(logits.get(i).get(answer.tokenIds()[i])).isEqualTo(1);
      }
    }
  }

  @Test
  void theEndIsForTheDeviceToSee() {
    int[] ids;
    try (Generation answer = half.generate(PROMPT, RAW)) {
      assertThat(answer.text()).isNotEmpty();
      ids = answer.tokenIds();
    }
    assertThat(ids).contains(END);
    int end = IntStream.range(0, ids.length).filter(i -> ids[i] == END).findFirst().orElseThrow();
    for (int drafts : new int[] {0, 8}) {
      try (Generation answer = half.generate(PROMPT, ENDING.withDrafts(drafts))) {
        assertThat(answer.text()).isNotEmpty();
        assertThat(answer.tokenIds()).isEqualTo(Arrays.copyOf(ids, end));
        assertThat(answer.finishReason()).isEqualTo(FinishReason.EOS);
      }
    }
  }

  @Test
  void leavingEarlyFreesEverything() {
    try (Generation answer = half.generate(PROMPT, RAW)) {
      assertThat(answer.iterator().hasNext()).isTrue();
      assertThat(engine.open).hasValue(1);
    }
    assertThat(engine.open).hasValue(0);
    try (Generation answer = half.generate(PROMPT, RAW)) {
      answer.cancel();
      assertThat(answer.text()).isEmpty();
      assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(engine.open).hasValue(0);
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    for (int length : new int[] {0, 256, 300, 100_000}) {
      assertThatThrownBy(() -> half.generate(new int[length], RAW))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("255");
    }
    assertThatThrownBy(() -> half.openSession(SessionOptions.defaults().withPositions(257)))
        .hasMessageContaining("257")
        .hasMessageContaining("256");
    assertThat(engine.open).hasValue(0);
    assertThat(link.streams).isEmpty();
  }

  @Test
  void givesTheBoundaryTensorOfAnyPrompt() {
    HiddenStates states = half.encode(IntStream.range(0, 256).toArray());
    assertThat(states.values().remaining()).isEqualTo(256 * FakeLowerEngine.WIDTH);
    assertThat(states.values().get(255 * FakeLowerEngine.WIDTH)).isEqualTo(255);
    assertThat(states.values().get(255 * FakeLowerEngine.WIDTH + 1)).isEqualTo(255);
    assertThat(engine.open).hasValue(0);
  }

  @Test
  void closingEndsSessionsThatAreOpen() {
    CausalSession session = half.openSession(SessionOptions.defaults());
    Generation answer = session.generate(PROMPT, RAW);
    assertThat(answer.iterator().hasNext()).isTrue();
    half.close();
    assertThat(engine.open).hasValue(0);
    assertThat(answer.text()).isNotNull();
    assertThat(answer.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThatThrownBy(() -> session.generate(new int[] {5}, RAW))
        .isInstanceOf(CleaveException.class)
        .hasMessageContaining("closed");
  }
}

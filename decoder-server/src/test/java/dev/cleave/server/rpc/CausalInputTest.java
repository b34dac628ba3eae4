package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One server of a causal model takes everything below, one after the other, and goes on. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CausalInputTest {

  private static final float[] ROWS = TestServer.prompt(1, 40);
  private static final int WIDTH = CausalServer.WIDTH;

  private final dev.cleave.server.causal.FakeUpperEngine engine = CausalServer.engine();
  private final CausalServer server = CausalServer.start(engine);

  /** What a client sends, and the one answer to it. */
  record Case(String name, WireReason expected, List<Uplink> messages) {
    Case(String name, WireReason expected, Uplink... messages) {
      this(name, expected, List.of(messages));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  void start() {
    assertThat(server.server.serving()).isTrue();
  }

  @AfterAll
  void stop() {
    server.close();
    assertThat(engine.allocated()).isZero();
  }

  static Stream<Case> sessions() {
    Uplink.OpenSession open = CausalServer.opening(20, 3);
    Uplink.Hidden four = CausalServer.hidden(ROWS, 0, 4);
    Uplink.EndOfPrompt end = new Uplink.EndOfPrompt(4);
    return Stream.of(
        new Case("a frame before Open", WireReason.MESSAGE_ORDER, four),
        new Case("a step before Open", WireReason.MESSAGE_ORDER, CausalServer.step(ROWS, 0, 1)),
        new Case("EndOfPrompt before Open", WireReason.MESSAGE_ORDER, end),
        new Case("Cancel before Open", WireReason.MESSAGE_ORDER, new Uplink.Cancel()),
        new Case("a second Open", WireReason.MESSAGE_ORDER, open, open),
        new Case("an empty prompt", WireReason.MESSAGE_ORDER, open, new Uplink.EndOfPrompt(0)),
        new Case(
            "a prompt that counts fewer",
            WireReason.MESSAGE_ORDER,
            open,
            four,
            new Uplink.EndOfPrompt(3)),
        new Case(
            "a prompt that counts more",
            WireReason.MESSAGE_ORDER,
            open,
            four,
            new Uplink.EndOfPrompt(5)),
        new Case(
            "steps that the server is to count",
            WireReason.MALFORMED_MESSAGE,
            opening(b -> b.setMaxNewTokens(5))),
        new Case(
            "no step positions", WireReason.MALFORMED_MESSAGE, opening(b -> b.setStepPositions(0))),
        new Case("no positions", WireReason.MALFORMED_MESSAGE, CausalServer.opening(0, 1)),
        new Case(
            "a longer step than the server takes",
            WireReason.LIMIT_EXCEEDED,
            CausalServer.opening(20, CausalServer.STEP + 1)),
        new Case(
            "a session beyond the context",
            WireReason.LIMIT_EXCEEDED,
            CausalServer.opening(CausalServer.CONTEXT + 1, 1)),
        new Case(
            "logits where they are not allowed",
            WireReason.LOGITS_REFUSED,
            opening(b -> b.setWantLogits(true))),
        new Case(
            "a longer step than announced",
            WireReason.LIMIT_EXCEEDED,
            open,
            CausalServer.step(ROWS, 0, 4)),
        new Case(
            "more positions than reserved",
            WireReason.LIMIT_EXCEEDED,
            open,
            CausalServer.hidden(ROWS, 0, 10),
            CausalServer.hidden(ROWS, 10, 21)),
        new Case(
            "more positions than reserved in a step",
            WireReason.LIMIT_EXCEEDED,
            open,
            CausalServer.hidden(ROWS, 0, 10),
            CausalServer.hidden(ROWS, 10, 19),
            CausalServer.step(ROWS, 19, 22)),
        new Case(
            "more positions than a frame may have",
            WireReason.LIMIT_EXCEEDED,
            open,
            CausalServer.hidden(ROWS, 0, CausalServer.FRAME + 1)),
        new Case(
            "a frame beyond the session's end",
            WireReason.BAD_TENSOR,
            open,
            four,
            CausalServer.hidden(ROWS, 5, 6)),
        new Case(
            "a step beyond the session's end",
            WireReason.BAD_TENSOR,
            open,
            four,
            CausalServer.step(ROWS, 5, 6)),
        new Case(
            "a first frame that does not start at 0",
            WireReason.BAD_TENSOR,
            open,
            TestServer.frame(TestServer.prompt(1, 2), 1, HeaderForm.LONG)),
        new Case(
            "a short header first",
            WireReason.BAD_TENSOR,
            open,
            TestServer.frame(TestServer.prompt(1, 2), 0, HeaderForm.SHORT)),
        new Case("a truncated frame", WireReason.BAD_TENSOR, open, truncated(four)),
        new Case("a bit flipped in the payload", WireReason.CHECKSUM_MISMATCH, open, flipped(four)),
        new Case("a NaN", WireReason.NOT_FINITE, open, four, with(Float.NaN)),
        new Case(
            "an infinite value in a step",
            WireReason.NOT_FINITE,
            open,
            four,
            new Uplink.Step(with(Float.NEGATIVE_INFINITY).frame())));
  }

  @ParameterizedTest
  @MethodSource("sessions")
  void isOneDocumentedStatusAndHoldsNothing(Case it) throws Exception {
    double before = server.metric("cleave.rejects", "reason", it.expected().name());
    WireError error = server.call().send(it.messages().toArray(Uplink[]::new)).awaitError();
    assertThat(error.reason()).as(error.message()).isEqualTo(it.expected().name());
    assertThat(error.code()).isEqualTo(it.expected().code());
    server.awaitNothingHeld();
    assertThat(server.metric("cleave.rejects", "reason", it.expected().name()))
        .isEqualTo(before + 1);
    assertStillServes();
  }

  @Test
  void anEndOfPromptBehindAStepIsRefused() throws Exception {
    TestCall call = server.open(20, 3);
    call.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
    call.awaitSampled();
    call.send(CausalServer.step(ROWS, 4, 5));
    call.awaitSampled();
    call.send(new Uplink.EndOfPrompt(5));
    assertThat(call.awaitError().reason()).isEqualTo(WireReason.MESSAGE_ORDER.name());
    server.awaitNothingHeld();
  }

  @Test
  void whoClosesItsSideBeforeOpenIsRefused() throws Exception {
    TestCall call = server.call();
    call.halfClose();
    assertThat(call.awaitError().reason()).isEqualTo(WireReason.MESSAGE_ORDER.name());
    server.awaitNothingHeld();
  }

  @Test
  void anEncoderDecoderServerRefusesSteps() throws Exception {
    try (TestServer decoder = TestServer.start()) {
      WireError asked =
          decoder
              .call()
              .send(new Uplink.OpenSession(TestServer.open(4, 5).setStepPositions(1).build()))
              .awaitError();
      assertThat(asked.reason()).isEqualTo(WireReason.MALFORMED_MESSAGE.name());
      assertThat(asked.metadata()).containsEntry("field", "step_positions");
      WireError sent =
          decoder.call().send(TestServer.opening(4, 5), CausalServer.step(ROWS, 0, 1)).awaitError();
      assertThat(sent.reason()).isEqualTo(WireReason.MESSAGE_ORDER.name());
    }
  }

  private void assertStillServes() throws Exception {
    TestCall call = server.open(20, 1);
    call.send(CausalServer.hidden(ROWS, 0, 4), new Uplink.EndOfPrompt(4));
    assertThat(call.awaitSampled().getIdsList()).containsExactly(CausalServer.next(ROWS, 4));
    call.halfClose();
    call.awaitAnswer();
  }

  private static Uplink.OpenSession opening(UnaryOperator<dev.cleave.v1.Open.Builder> change) {
    return new Uplink.OpenSession(change.apply(CausalServer.request(20, 1)).build());
  }

  private static Uplink.Hidden truncated(Uplink.Hidden whole) {
    ByteBuffer frame = whole.frame();
    return new Uplink.Hidden(frame.slice(0, frame.limit() - 9));
  }

  private static Uplink.Hidden flipped(Uplink.Hidden whole) {
    ByteBuffer copy = ByteBuffer.allocate(whole.frame().remaining());
    copy.put(whole.frame().duplicate()).flip();
    int last = copy.limit() - 3;
    copy.put(last, (byte) (copy.get(last) ^ 0x10));
    return new Uplink.Hidden(copy);
  }

  private static Uplink.Hidden with(float value) {
    float[] values = Arrays.copyOf(ROWS, 5 * WIDTH);
    values[4 * WIDTH + 3] = value;
    return CausalServer.hidden(values, 4, 5);
  }
}

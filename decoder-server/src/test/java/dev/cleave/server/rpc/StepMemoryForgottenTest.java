package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.wire.Uplink;
import java.nio.FloatBuffer;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What steps share is empty once the last session has left, however it left. */
@Timeout(60)
class StepMemoryForgottenTest {

  private static final float[] ROWS = TestServer.prompt(1, CausalServer.CONTEXT);

  static Stream<Consumer<TestCall>> ends() {
    return Stream.of(
        TestCall::halfClose,
        call -> call.send(new Uplink.Cancel()),
        TestCall::vanish,
        call -> call.send(new Uplink.EndOfPrompt(77)), // refused
        call -> call.send(CausalServer.step(ROWS, 7, 8))); // the engine fails
  }

  @ParameterizedTest
  @MethodSource("ends")
  void rowsDoNotOutliveTheirSession(Consumer<TestCall> end) throws Exception {
    FakeUpperEngine engine = CausalServer.engine();
    try (CausalServer server = CausalServer.start(engine)) {
      engine.failSegmentsAt(7);
      TestCall call = server.open(40, 1);
      call.send(CausalServer.hidden(ROWS, 0, 7), new Uplink.EndOfPrompt(7));
      call.awaitSampled();
      assertThat(isZero(engine)).isFalse();
      int before = engine.forgotten();
      end.accept(call);
      server.awaitNothingHeld();
      server.server.close(); // the owner thread has ended: what it did is seen
      assertThat(engine.forgotten()).isGreaterThan(before);
      assertThat(isZero(engine)).isTrue();
    }
  }

  @Test
  void theDecodersStepIsForgottenWithItsSession() throws Exception {
    try (TestServer server = TestServer.start()) {
      TestCall call = server.generate(TestServer.prompt(1, 4), 3);
      call.awaitOpened();
      call.awaitAnswer();
      server.awaitNothingHeld(TestServer.SLOTS);
      server.server.close();
      assertThat(server.engine.forgotten()).isPositive();
    }
  }

  private static boolean isZero(FakeUpperEngine engine) {
    FloatBuffer staging = Objects.requireNonNull(engine.staging());
    boolean zero = true;
    while (staging.hasRemaining()) {
      zero &= Float.floatToRawIntBits(staging.get()) == 0;
    }
    return zero;
  }
}

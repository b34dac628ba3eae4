package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.CodecMode;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.ProfileHash;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampling;
import dev.cleave.v1.Token;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCalls;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GenerateTest {

  @Test
  void sixteenSessionsOfDifferentLengthsGetWhatTheyGetAlone() throws Exception {
    try (TestServer server = TestServer.start()) {
      // The first step waits until all sixteen have joined or wait: batching is certain.
      Semaphore gate = server.engine.gateSteps();
      List<TestCall> calls = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        calls.add(server.generate(TestServer.prompt(i, 1 + 3 * i), 5 + 7 * i));
      }
      gate.release(3);
      server.engine.ungateSteps();
      for (int i = 0; i < 16; i++) {
        TestCall call = calls.get(i);
        call.awaitOpened();
        TestCall.Answer answer = call.awaitAnswer();
        int[] alone = TestServer.alone(TestServer.prompt(i, 1 + 3 * i), 5 + 7 * i);
        assertThat(answer.ids()).as("session %d", i).containsExactly(alone);
        assertThat(answer.done().getReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(answer.done().getTokens()).isEqualTo(alone.length);
        assertThat(answer.done().getTotalNanos())
            .isGreaterThanOrEqualTo(answer.done().getFirstTokenNanos())
            .isPositive();
      }
      assertThat(server.engine.maxBatch()).isGreaterThan(8);
      server.awaitNothingHeld(TestServer.SLOTS);
    }
  }

  @Test
  void aPromptMayComeInManyFramesOfEitherHeader() throws Exception {
    try (TestServer server = TestServer.start()) {
      float[] prompt = TestServer.prompt(5, 10);
      TestCall call = server.call().send(TestServer.opening(12, 9));
      int width = FakeDecoderEngine.WIDTH;
      int[] cuts = {0, 1, 4, 5, 10};
      for (int i = 0; i + 1 < cuts.length; i++) {
        float[] part = Arrays.copyOfRange(prompt, cuts[i] * width, cuts[i + 1] * width);
        call.send(TestServer.frame(part, cuts[i], i % 2 == 0 ? HeaderForm.LONG : HeaderForm.SHORT));
      }
      call.send(new Uplink.EndOfPrompt(10));
      Opened opened = call.awaitOpened();
      assertThat(opened.getSession()).isNotZero();
      assertThat(opened.getWidth()).isEqualTo(width);
      assertThat(opened.getMaxPositionsPerFrame()).isEqualTo(TestServer.MAX_PROMPT);
      assertThat(call.awaitAnswer().ids()).containsExactly(TestServer.alone(prompt, 9));
    }
  }

  @Test
  void everyCodecIsAccepted() throws Exception {
    try (TestServer server = TestServer.start()) {
      for (CodecMode mode : CodecMode.values()) {
        RateTarget target = mode.hasTarget() ? new RateTarget.BytesPerPosition(16) : null;
        StreamSpec plain = new StreamSpec(mode, FakeDecoderEngine.WIDTH, target, ProfileHash.NONE);
        for (StreamSpec spec : List.of(plain, plain.withProfile(TestServer.PROFILE))) {
          TestCall call =
              server
                  .call()
                  .send(
                      new Uplink.OpenSession(
                          WireCodec.of(spec).putInto(TestServer.open(4, 3)).build()),
                      new Uplink.Hidden(
                          TestServer.frameBytes(spec, TestServer.prompt(1, 4), 0, HeaderForm.LONG)),
                      new Uplink.EndOfPrompt(4));
          assertThat(WireCodec.of(call.awaitOpened())).isEqualTo(WireCodec.of(spec));
          assertThat(call.awaitAnswer().tokens()).hasSize(3);
        }
      }
    }
  }

  @Test
  void samplingIsTheSameForTheSameSeedWhateverElseRuns() throws Exception {
    try (TestServer server = TestServer.start()) {
      int[] alone = sampled(server, 77);
      List<TestCall> others = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        others.add(server.generate(TestServer.prompt(100 + i, 4), 150));
      }
      assertThat(sampled(server, 77)).containsExactly(alone);
      assertThat(sampled(server, 78)).isNotEqualTo(alone);
      for (TestCall other : others) {
        other.awaitOpened();
        other.awaitAnswer();
      }
    }
  }

  @Test
  void aSlowReaderHoldsUpNobody() throws Exception {
    try (TestServer server = TestServer.start(TestServer.limits(2, true, Duration.ofSeconds(30)))) {
      // Logits of 300 entries make 200 tokens 240 kB: more than the transport takes unread here.
      ManagedChannel narrow = server.channel(16 << 10);
      TestCall slow = TestCall.openUnread(narrow);
      float[] prompt = TestServer.prompt(1, 4);
      slow.send(
          new Uplink.OpenSession(
              TestServer.open(4, TestServer.MAX_NEW).setWantLogits(true).build()),
          TestServer.frame(prompt, 0, HeaderForm.LONG),
          new Uplink.EndOfPrompt(4));
      for (int i = 0; i < 3; i++) {
        TestCall fast = server.generate(TestServer.prompt(2, 4), TestServer.MAX_NEW);
        fast.awaitOpened();
        assertThat(fast.awaitAnswer().tokens()).hasSize(TestServer.MAX_NEW);
      }
      assertThat(slow.hasReceived()).isFalse();
      slow.read(Integer.MAX_VALUE);
      slow.awaitOpened();
      assertThat(slow.awaitAnswer().ids())
          .containsExactly(TestServer.alone(prompt, TestServer.MAX_NEW));
      narrow.shutdownNow();
    }
  }

  @Test
  void logitsAreThoseOfTheStepWhoseArgmaxIsTheToken() throws Exception {
    try (TestServer server = TestServer.start(TestServer.limits(2, true, Duration.ofSeconds(30)))) {
      TestCall call =
          server
              .call()
              .send(
                  new Uplink.OpenSession(TestServer.open(4, 6).setWantLogits(true).build()),
                  TestServer.frame(TestServer.prompt(9, 4), 0, HeaderForm.LONG),
                  new Uplink.EndOfPrompt(4));
      call.awaitOpened();
      for (Token token : call.awaitAnswer().tokens()) {
        FloatBuffer logits =
            token.getLogits().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        assertThat(logits.remaining()).isEqualTo(TestServer.VOCABULARY);
        for (int id = 0; id < TestServer.VOCABULARY; id++) {
          assertThat(logits.get(id)).isLessThanOrEqualTo(logits.get(token.getId()));
        }
      }
    }
  }

  @Test
  void cancelEndsTheAnswerInOrder() throws Exception {
    try (TestServer server = TestServer.start()) {
      Semaphore gate = server.engine.gateSteps();
      TestCall call = server.generate(TestServer.prompt(1, 4), TestServer.MAX_NEW);
      call.awaitOpened();
      gate.release(2);
      call.next();
      call.send(new Uplink.Cancel());
      TestCall early = server.call().send(TestServer.opening(4, 5), new Uplink.Cancel());
      early.awaitOpened();
      assertThat(early.awaitAnswer().done().getReason()).isEqualTo(FinishReason.CANCELLED);
      server.engine.ungateSteps();
      TestCall.Answer answer = call.awaitAnswer();
      assertThat(answer.done().getReason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(answer.done().getTokens()).isLessThan(TestServer.MAX_NEW);
      server.awaitNothingHeld(TestServer.SLOTS);
    }
  }

  @Test
  void aClientThatVanishesFreesItsSlotBeforeTheNextStep() throws Exception {
    try (TestServer server = TestServer.start()) {
      Semaphore gate = server.engine.gateSteps();
      TestCall running = server.generate(TestServer.prompt(1, 4), TestServer.MAX_NEW);
      running.awaitOpened();
      gate.release(1);
      running.next();
      TestCall halfOpen = server.call().send(TestServer.opening(60, 5));
      halfOpen.awaitOpened();
      assertThat(server.metric("cleave.kv.slots.free")).isEqualTo(TestServer.SLOTS - 2);
      assertThat(server.metric("cleave.prompt.buffer")).isEqualTo(60 * 8 * 4);
      running.vanish();
      halfOpen.vanish();
      server.awaitMetric(2, "cleave.sessions.ended", "outcome", "abandoned");
      server.engine.ungateSteps();
      server.awaitNothingHeld(TestServer.SLOTS);
      // The first step, and the one that was under way.
      assertThat(server.engine.steps()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void describesWhatItServes() throws Exception {
    try (TestServer server = TestServer.start()) {
      DescribeReply reply =
          ClientCalls.blockingUnaryCall(
              server.channel,
              DecoderMethods.DESCRIBE,
              CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS),
              DescribeRequest.getDefaultInstance());
      assertThat(reply.getWidth()).isEqualTo(FakeDecoderEngine.WIDTH);
      assertThat(reply.getBundleId().size()).isEqualTo(32);
      assertThat(reply.getMaxSessions()).isEqualTo(TestServer.SLOTS);
      assertThat(reply.getDevice()).isEqualTo("cpu");
      assertThat(reply.getCodecsList()).hasSize(CodecMode.values().length);
      assertThat(reply.getProfileHash()).isEqualTo(TestServer.PROFILE.hash().toString());
      assertThat(reply.getPresetsList())
          .singleElement()
          .satisfies(preset -> {
            assertThat(preset.getName()).isEqualTo("balanced");
            assertThat(preset.getCodec().name()).isEqualTo("RATE");
            assertThat(preset.getBytesPerPosition()).isEqualTo(9);
            assertThat(preset.getKl()).isEqualTo(0.008);
          });
    }
  }

  private static int[] sampled(TestServer server, long seed) throws Exception {
    TestCall call =
        server
            .call()
            .send(
                new Uplink.OpenSession(
                    TestServer.open(4, 40)
                        .setSampling(
                            Sampling.newBuilder()
                                .setTemperature(2)
                                .setTopK(100)
                                .setTopP(0.95f)
                                .setSeed(seed))
                        .build()),
                TestServer.frame(TestServer.prompt(1, 4), 0, HeaderForm.LONG),
                new Uplink.EndOfPrompt(4));
    call.awaitOpened();
    return call.awaitAnswer().ids();
  }
}

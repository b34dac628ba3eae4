package dev.cleave.server.rpc;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.server.admission.ServedCodec;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server of a causal model on a real loopback port, with one channel to it. */
final class CausalServer implements AutoCloseable {

  static final int WIDTH = FakeUpperEngine.WIDTH;
  static final int VOCABULARY = 300;
  static final int SLOTS = 16;
  static final int CONTEXT = 96;
  static final int FRAME = 16;
  static final int BUDGET = 24;
  static final int STEP = 5;
  static final StreamSpec F32 = new StreamSpec(CodecMode.RAW_F32, WIDTH);

  final DecoderServer server;
  final ManagedChannel channel;
  final int slots;

  private CausalServer(DecoderServer server, int slots) {
    this.server = server;
    this.slots = slots;
    this.channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .usePlaintext()
            .maxInboundMessageSize(8 << 20)
            .build();
  }

  static FakeUpperEngine engine() {
    return new FakeUpperEngine(SLOTS, VOCABULARY, CONTEXT, BUDGET);
  }

  static CausalServer start(FakeUpperEngine engine) {
    CausalServer server = start(engine, limits(false, Duration.ofSeconds(30)), steps(600));
    engine.forget();
    return server;
  }

  static CausalServer start(UpperEngine engine, SessionLimits limits, CausalConfig causal) {
    TimeLimits times = TestServer.times(limits).withQueue(Duration.ZERO);
    return start(engine, ServerConfig.onFreePorts(limits).withTimes(times), causal);
  }

  static CausalServer start(UpperEngine engine, ServerConfig config, CausalConfig causal) {
    ServedModel model =
        new ServedModel(
            TestServer.BUNDLE_ID,
            "fake",
            new ServedCodec(TestServer.PROFILE, List.of(TestServer.BALANCED)));
    return new CausalServer(
        DecoderServer.start(config, causal, model, engine), config.limits().maxSessions());
  }

  static SessionLimits limits(boolean allowLogits, Duration idleTimeout) {
    long rows = (long) SLOTS * 4 * FRAME * WIDTH * Float.BYTES;
    return new SessionLimits(SLOTS, CONTEXT, 64, FRAME, rows, allowLogits, idleTimeout);
  }

  static CausalConfig steps(double sessionTimeoutSeconds) {
    return new CausalConfig(
        SLOTS * CONTEXT, BUDGET, STEP, Duration.ofMillis((long) (sessionTimeoutSeconds * 1000)));
  }

  TestCall call() {
    return TestCall.open(channel);
  }

  /** A session that has been opened for as many positions. */
  TestCall open(int positions, int stepPositions) throws InterruptedException {
    TestCall call = call().send(opening(positions, stepPositions));
    call.awaitOpened();
    return call;
  }

  static Open.Builder request(int positions, int stepPositions) {
    return Open.newBuilder()
        .setBundleId(ByteString.copyFrom(HexFormat.of().parseHex(TestServer.BUNDLE_ID)))
        .setCodec(dev.cleave.v1.CodecMode.RAW_F32)
        .setPromptPositions(positions)
        .setStepPositions(stepPositions);
  }

  static Uplink.OpenSession opening(int positions, int stepPositions) {
    return new Uplink.OpenSession(request(positions, stepPositions).build());
  }

  /** Rows {@code [start, end)} of a session's, as a frame; the first has the long header. */
  static Uplink.Hidden hidden(float[] rows, int start, int end) {
    return new Uplink.Hidden(
        TestServer.frameBytes(
            F32,
            Arrays.copyOfRange(rows, start * WIDTH, end * WIDTH),
            start,
            start == 0 ? HeaderForm.LONG : HeaderForm.SHORT));
  }

  static Uplink.Step step(float[] rows, int start, int end) {
    return new Uplink.Step(hidden(rows, start, end).frame());
  }

  /** The token behind the first {@code length} rows. */
  static int next(float[] rows, int length) {
    return FakeUpperEngine.next(Arrays.copyOf(rows, length * WIDTH), VOCABULARY);
  }

  double metric(String name, String... tags) {
    var gauge = server.registry().find(name).tags(tags).gauge();
    if (gauge != null) {
      return gauge.value();
    }
    var counter = server.registry().find(name).tags(tags).counter();
    return counter == null ? 0 : counter.count();
  }

  void awaitMetric(double value, String name, String... tags) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (metric(name, tags) != value) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(name + " is " + metric(name, tags) + ", awaited " + value);
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  /** Waits until the server holds nothing of any session. */
  void awaitNothingHeld() throws InterruptedException {
    awaitMetric(slots, "cleave.kv.slots.free");
    awaitMetric(metric("cleave.kv.positions"), "cleave.kv.positions.free");
    awaitMetric(0, "cleave.kv.used");
    awaitMetric(0, "cleave.prompt.buffer");
    awaitMetric(0, "cleave.sessions.open");
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }
}

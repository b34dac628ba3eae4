package dev.cleave.server.rpc;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.server.admission.ServedCodec;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.v1.Open;
import dev.cleave.wire.Uplink;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A server on a real loopback port over a {@link FakeDecoderEngine}, with one channel to it. */
final class TestServer implements AutoCloseable {

  static final String BUNDLE_ID = "0123456789abcdef".repeat(4);
  static final int VOCABULARY = 300;
  static final int START = 3;
  static final int SLOTS = 16;
  static final int MAX_PROMPT = 64;
  static final int MAX_NEW = 200;
  static final StreamSpec F32 = new StreamSpec(CodecMode.RAW_F32, FakeDecoderEngine.WIDTH);

  /** Of the bundle that is served. */
  static final Profile PROFILE = profile(1);

  static final CodecSection.Preset BALANCED =
      new CodecSection.Preset(
          "balanced", "rate", 9, 2.25, new CodecSection.Effect(0.008, 0.98, null));

  final FakeDecoderEngine engine;
  final DecoderServer server;
  final ManagedChannel channel;

  private TestServer(FakeDecoderEngine engine, DecoderServer server) {
    this.engine = engine;
    this.server = server;
    this.channel = channel(1 << 20);
  }

  /** Another connection, with this many bytes that the server may send ahead of the reader. */
  ManagedChannel channel(int windowBytes) {
    return NettyChannelBuilder.forAddress("127.0.0.1", server.port())
        .usePlaintext()
        .flowControlWindow(windowBytes)
        .maxInboundMessageSize(8 << 20)
        .build();
  }

  static TestServer start() {
    return start(limits(SLOTS, false, Duration.ofSeconds(30)));
  }

  static TestServer start(SessionLimits limits) {
    return start(ServerConfig.onFreePorts(limits).withTimes(times(limits)), VOCABULARY);
  }

  /** One that refuses at once when it is full. */
  static TestServer startWithoutQueue(SessionLimits limits) {
    TimeLimits times = times(limits).withQueue(Duration.ZERO);
    return start(ServerConfig.onFreePorts(limits).withTimes(times), VOCABULARY);
  }

  /** Readers get as much time as writers. */
  static TimeLimits times(SessionLimits limits) {
    TimeLimits.Clients clients = TimeLimits.DEFAULT.clients();
    return TimeLimits.DEFAULT.withClients(
        new TimeLimits.Clients(limits.idleTimeout(), clients.upload(), clients.age()));
  }

  static TestServer start(ServerConfig config, int vocabulary) {
    FakeDecoderEngine engine = new FakeDecoderEngine(config.limits().maxSessions(), vocabulary);
    ServedModel model =
        new ServedModel(BUNDLE_ID, "fake", new ServedCodec(PROFILE, List.of(BALANCED)));
    DecoderServer server =
        DecoderServer.start(config, model, TokenRules.of(START, Set.of()), engine);
    engine.forgetCounts();
    return new TestServer(engine, server);
  }

  static SessionLimits limits(int sessions, boolean allowLogits, Duration idleTimeout) {
    long promptBytes = (long) sessions * MAX_PROMPT * FakeDecoderEngine.WIDTH * Float.BYTES;
    return new SessionLimits(
        sessions, MAX_PROMPT, MAX_NEW, MAX_PROMPT, promptBytes, allowLogits, idleTimeout);
  }

  TestCall call() {
    return TestCall.open(channel);
  }

  /** A complete, well-formed session. */
  TestCall generate(float[] prompt, int tokens) {
    int positions = prompt.length / FakeDecoderEngine.WIDTH;
    return call()
        .send(
            new Uplink.OpenSession(open(positions, tokens).build()),
            frame(prompt, 0, HeaderForm.LONG),
            new Uplink.EndOfPrompt(positions));
  }

  static Open.Builder open(int positions, int tokens) {
    return Open.newBuilder()
        .setBundleId(ByteString.copyFrom(HexFormat.of().parseHex(BUNDLE_ID)))
        .setCodec(dev.cleave.v1.CodecMode.RAW_F32)
        .setPromptPositions(positions)
        .setMaxNewTokens(tokens);
  }

  static Uplink.OpenSession opening(int positions, int tokens) {
    return new Uplink.OpenSession(open(positions, tokens).build());
  }

  static Uplink.Hidden frame(float[] values, int start, HeaderForm form) {
    return new Uplink.Hidden(frameBytes(F32, values, start, form));
  }

  static ByteBuffer frameBytes(StreamSpec spec, float[] values, int start, HeaderForm form) {
    FrameEncoder encoder =
        spec.profile().isNone() ? FrameEncoder.of(spec) : FrameEncoder.of(spec, PROFILE);
    int positions = values.length / spec.width();
    ByteBuffer out = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    int bytes = encoder.encode(FloatBuffer.wrap(values), start, positions, form, out);
    return out.rewind().limit(bytes).slice();
  }

  /** A profile of the fake engine's width; every scale gives another hash. */
  static Profile profile(float scale) {
    float[] deviations = new float[FakeDecoderEngine.WIDTH];
    Arrays.fill(deviations, scale);
    return Profile.of(new float[FakeDecoderEngine.WIDTH], deviations);
  }

  static float[] prompt(long seed, int positions) {
    Random random = new Random(seed);
    float[] values = new float[positions * FakeDecoderEngine.WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static int[] alone(float[] prompt, int tokens) {
    return FakeDecoderEngine.aloneGreedy(prompt, VOCABULARY, START, tokens);
  }

  double metric(String name, String... tags) {
    var gauge = server.registry().find(name).tags(tags).gauge();
    if (gauge != null) {
      return gauge.value();
    }
    var counter = server.registry().find(name).tags(tags).counter();
    return counter == null ? 0 : Objects.requireNonNull(counter).count();
  }

  /** Waits until a counter has come to {@code value}. */
  void awaitMetric(double value, String name, String... tags) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (metric(name, tags) < value) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(name + " is " + metric(name, tags) + ", awaited " + value);
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  /** Waits until the server holds nothing of any session. */
  void awaitNothingHeld(int slots) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (metric("cleave.kv.slots.free") != slots
        || metric("cleave.prompt.buffer") != 0
        || metric("cleave.sessions.open") != 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "still held: slots free %s of %d, prompt bytes %s, sessions %s"
                .formatted(
                    metric("cleave.kv.slots.free"),
                    slots,
                    metric("cleave.prompt.buffer"),
                    metric("cleave.sessions.open")));
      }
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  @Override
  public void close() {
    engine.ungateSteps();
    channel.shutdownNow();
    server.close();
    engine.close();
    if (engine.filledSlots() != 0) {
      throw new AssertionError(engine.filledSlots() + " slots hold KV after close");
    }
  }
}

package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.StreamSpec;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.v1.Open;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CleaveClientTest {
  private static final String TEXT = "Patient was admitted with chest pain.";
  private static final GenerateOptions DEFAULTS = GenerateOptions.defaults();

  @TempDir static Path folder;
  private static Path bundle = Path.of("");

  @BeforeAll
  static void split() {
    bundle = Fixtures.split("t5-v1.0-tied-relu", folder);
  }

  @Test
  void sendsThePromptInOrderAndStreamsTheAnswer() throws Exception {
    SynchronousQueue<Exchange> exchanges = new SynchronousQueue<>();
    SynchronousQueue<Open> opens = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              Open open = exchange.open(6);
              int positions = exchange.prompt();
              assertThat(positions).isEqualTo(open.getPromptPositions());
              exchanges.put(exchange);
              opens.put(open);
              int[] answer = Fixtures.ids("chest pain 🙂 naïve");
              exchange.tokens(0, answer);
              exchange.done(dev.cleave.v1.FinishReason.EOS, answer.length);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer =
            client.generate(TEXT, DEFAULTS.withCodec(CodecMode.RAW_F32).withMaxNewTokens(99))) {
      Exchange exchange = exchanges.take();
      Open open = opens.take();
      assertThat(open.getBundleId().toByteArray())
          .isEqualTo(HexFormat.of().parseHex(client.bundleId()));
      assertThat(open.getMaxNewTokens()).isEqualTo(99);
      assertThat(open.getSampling().getTemperature()).isZero();
      int positions = client.tokenize(TEXT).length;
      assertThat(open.getPromptPositions()).isEqualTo(positions);

      assertThat(exchange.frames).hasSize((positions + 5) / 6);
      FloatBuffer received = decode(exchange, HeaderForm.SHORT);
      assertThat(received).isEqualTo(client.encode(TEXT).values());

      assertThat(answer.text()).isEqualTo(client.decode(answer.tokenIds())).contains("naïve");
      assertThat(answer.tokenIds()).isEqualTo(Fixtures.ids("chest pain 🙂 naïve"));
      assertThat(answer.finishReason()).isEqualTo(FinishReason.EOS);

      long frameBytes = exchange.frames.stream().mapToLong(frame -> frame.remaining()).sum();
      Receipt receipt = answer.receipt();
      assertThat(receipt.bundleId()).isEqualTo(client.bundleId());
      assertThat(receipt.serverName()).isEqualTo("scripted");
      assertThat(receipt.sent().frames()).isEqualTo(exchange.frames.size());
      assertThat(receipt.sent().positions()).isEqualTo(positions);
      assertThat(receipt.sent().frameBytes()).isEqualTo(frameBytes);
      assertThat(receipt.sent().messageBytes())
          .isBetween(frameBytes + open.getSerializedSize(), frameBytes + 400);
      assertThat(receipt.sent().coding().bitsPerElement())
          .isBetween(32.0, 32.0 + 8.0 * 64 / (6 * Exchange.WIDTH));
      Receipt.Coding coding = receipt.sent().coding();
      assertThat(coding.codec()).isEqualTo("raw");
      assertThat(coding.constantSize()).isTrue();
      Receipt.Measured measured = Objects.requireNonNull(coding.measured());
      assertThat(measured.exact()).isTrue();
      assertThat(measured.distortionDb()).isNull();
      assertThat(coding.gap()).isNull();
      assertThat(receipt.received().tokens()).isEqualTo(answer.tokenIds().length);
      assertThat(receipt.received().messageBytes()).isPositive();
      assertThat(receipt.timing().firstTokenMillis()).isPositive();
    }
  }

  @Test
  void theReceiptMeasuresWhatTheFramesLose() throws Exception {
    SynchronousQueue<Exchange> exchanges = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              exchange.open(3);
              exchange.prompt();
              exchange.done(dev.cleave.v1.FinishReason.EOS, 0);
              exchanges.put(exchange);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS.withCodec(CodecMode.INT8))) {
      List<ByteBuffer> frames = exchanges.take().frames;
      assertThat(answer.text()).isEmpty();
      FloatBuffer source = client.encode(TEXT).values();
      int positions = source.remaining() / Exchange.WIDTH;
      FrameDecoder decoder =
          FrameDecoder.of(
              new StreamSpec(CodecMode.INT8, Exchange.WIDTH), new FrameLimits(3, 64, 1 << 20));
      FloatBuffer decoded = FloatBuffer.allocate(source.remaining());
      frames.forEach(frame -> decoder.decode(frame, decoded));
      // By the definition: each channel's mean squared error over its variance, averaged.
      double distortion = 0;
      for (int c = 0; c < Exchange.WIDTH; c++) {
        double mean = 0;
        for (int p = 0; p < positions; p++) {
          mean += source.get(p * Exchange.WIDTH + c) / (double) positions;
        }
        double variance = 0;
        double error = 0;
        for (int p = 0; p < positions; p++) {
          float x = source.get(p * Exchange.WIDTH + c);
          variance += (x - mean) * (x - mean);
          error += Math.pow((double) x - decoded.get(p * Exchange.WIDTH + c), 2);
        }
        distortion += error / variance / Exchange.WIDTH;
      }
      Receipt.Measured measured =
          Objects.requireNonNull(answer.receipt().sent().coding().measured());
      assertThat(measured.exact()).isFalse();
      assertThat(measured.distortionDb()).isCloseTo(10 * Math.log10(distortion), within(0.001));
      // All channels vary, so the bound is that of a white Gaussian source.
      assertThat(measured.bound())
          .isCloseTo(-0.5 * Math.log(distortion) / Math.log(2), within(0.001));
    }
  }

  @Test
  void aCalibratedBundleSendsItsBalancedPreset(@TempDir Path other) throws Exception {
    Path calibrated = Fixtures.split("t5-v1.0-tied-relu", other);
    Profile profile = Fixtures.calibrate(calibrated, "rate");
    SynchronousQueue<Exchange> exchanges = new SynchronousQueue<>();
    SynchronousQueue<Open> opens = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              Open open = exchange.open(6);
              exchange.prompt();
              exchange.done(dev.cleave.v1.FinishReason.EOS, 0);
              exchanges.put(exchange);
              opens.put(open);
            });
        CleaveClient client = CleaveClient.open(calibrated, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS)) {
      List<ByteBuffer> frames = exchanges.take().frames;
      StreamSpec spec =
          new StreamSpec(CodecMode.RATE, Exchange.WIDTH, new RateTarget.BytesPerPosition(20))
              .withProfile(profile);
      assertThat(WireCodec.of(opens.take())).isEqualTo(WireCodec.of(spec));
      FrameDecoder decoder = FrameDecoder.of(spec, new FrameLimits(6, 64, 1 << 20), profile);
      for (ByteBuffer frame : frames) {
        FrameInfo info = decoder.inspect(frame);
        assertThat(info.payloadBytes()).isEqualTo(20 * info.positions());
      }
      assertThat(answer.text()).isEmpty();
      Receipt.Coding coding = answer.receipt().sent().coding();
      assertThat(coding.codec()).isEqualTo("balanced");
      assertThat(coding.reason()).contains("the default of a calibrated bundle", "20 bytes");
      assertThat(coding.constantSize()).isTrue();
      assertThat(Objects.requireNonNull(coding.measured()).distortionDb()).isNegative();
    }
  }

  /** Decodes all frames, of which the first must be long and the others of this form. */
  private static FloatBuffer decode(Exchange exchange, HeaderForm others) {
    FrameDecoder decoder =
        FrameDecoder.of(
            new StreamSpec(CodecMode.RAW_F32, Exchange.WIDTH), new FrameLimits(6, 64, 1 << 20));
    FloatBuffer out = FloatBuffer.allocate(exchange.frames.size() * 6 * Exchange.WIDTH);
    int next = 0;
    for (int i = 0; i < exchange.frames.size(); i++) {
      FrameInfo info = decoder.inspect(exchange.frames.get(i));
      decoder.decode(exchange.frames.get(i).duplicate(), out);
      assertThat(info.form()).isEqualTo(i == 0 ? HeaderForm.LONG : others);
      assertThat(info.startPosition()).isEqualTo(next);
      next += info.positions();
    }
    return out.flip();
  }

  @Test
  void drawsASeedAndPutsItIntoTheReceipt() throws Exception {
    SynchronousQueue<Open> opens = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              opens.put(exchange.accept());
              exchange.done(dev.cleave.v1.FinishReason.EOS, 0);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      Sampling sampling = new Sampling(0.5f, 7, 0.9f, Sampling.GREEDY.seed());
      long[] seeds = new long[2];
      for (int i = 0; i < 2; i++) {
        try (Generation answer = client.generate(TEXT, DEFAULTS.withSampling(sampling))) {
          Open open = opens.take();
          assertThat(open.getSampling().getTemperature()).isEqualTo(0.5f);
          assertThat(open.getSampling().getTopK()).isEqualTo(7);
          assertThat(open.getSampling().getTopP()).isEqualTo(0.9f);
          assertThat(answer.text()).isEmpty();
          seeds[i] = open.getSampling().getSeed();
          assertThat(answer.receipt().received().seed()).isEqualTo(seeds[i]);
        }
      }
      assertThat(seeds[0]).isNotEqualTo(seeds[1]);
    }
  }

  @Test
  void findsAStopStringAcrossPiecesAndCancels() throws Exception {
    SynchronousQueue<String> ends = new SynchronousQueue<>();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              exchange.accept();
              int[] ids = Fixtures.ids("line one and two");
              exchange.tokens(0, ids);
              exchange.expect(Uplink.Cancel.class);
              exchange.done(dev.cleave.v1.FinishReason.CANCELLED, ids.length);
              ends.put("cancelled");
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS.withStops(List.of("zzz", "ne and t")))) {
      List<String> pieces = new ArrayList<>();
      answer.forEach(pieces::add);
      assertThat(String.join("", pieces)).isEqualTo("line o");
      assertThat(pieces.size()).isGreaterThan(1);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(answer.receipt().received().finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(ends.take()).isEqualTo("cancelled");
    }
  }

  @Test
  void givesHeldBackTextWhenNoStopStringFollows() throws Exception {
    try (ScriptedServer server = ScriptedServer.start(answering("line one"));
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS.withStops(List.of("one more")))) {
      assertThat(answer.text()).isEqualTo("line one");
      assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void servesTwoThreadsAtOnceWithTheirOwnAnswers() throws Exception {
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              Open open = exchange.accept();
              int[] ids = Fixtures.ids("line " + open.getMaxNewTokens());
              for (int i = 0; i < ids.length; i++) {
                exchange.tokens(i, ids[i]);
              }
              exchange.done(dev.cleave.v1.FinishReason.EOS, ids.length);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<String>> answers =
          IntStream.range(30, 60)
              .mapToObj(n ->
                  threads.submit(() -> {
                    try (Generation answer = client.generate(TEXT, DEFAULTS.withMaxNewTokens(n))) {
                      return answer.text();
                    }
                  }))
              .toList();
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo("line " + (30 + i));
      }
    }
  }

  @Test
  void slowsTheServerDownInsteadOfStoring() throws Exception {
    int tokens = 1024; // 1.6 MB, the connection holds 1 MiB
    AtomicInteger sent = new AtomicInteger();
    try (ScriptedServer server =
            ScriptedServer.start(exchange -> {
              exchange.accept();
              ByteString logits = ByteString.copyFrom(new byte[400 * Float.BYTES]);
              for (int i = 0; i < tokens; i++) {
                while (!exchange.ready()) {
                  Thread.sleep(1);
                }
                exchange.send(Token.newBuilder().setPosition(i).setId(5).setLogits(logits).build());
                sent.incrementAndGet();
              }
              exchange.done(dev.cleave.v1.FinishReason.LENGTH, tokens);
            });
        CleaveClient client = CleaveClient.open(bundle, server.address());
        Generation answer = client.generate(TEXT, DEFAULTS.withMaxNewTokens(tokens).withLogits())) {
      assertThat(answer.iterator().hasNext()).isTrue();
      awaitStandstill(sent);
      assertThat(sent.get()).isLessThan(tokens * 3 / 4);
      answer.forEach(piece -> {});
      assertThat(answer.tokenIds()).hasSize(tokens);
      assertThat(answer.logits()).hasSize(tokens).allMatch(row -> row.remaining() == 400);
    }
  }

  /** Returns once the count has not moved for a quarter of a second. */
  private static void awaitStandstill(AtomicInteger count) throws InterruptedException {
    int before;
    do {
      before = count.get();
      Thread.sleep(250);
    } while (count.get() != before);
  }

  @Test
  void refusesInputThatCannotBeServedBeforeSendingAnything() throws IOException {
    try (ScriptedServer server = ScriptedServer.start(exchange -> exchange.open(1));
        CleaveClient client = CleaveClient.open(bundle, server.address())) {
      assertThatThrownBy(() -> client.generate(" \n", DEFAULTS))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.INPUT))
          .hasMessageContaining("empty");
      assertThatThrownBy(() -> client.generate("pain ".repeat(20_000), DEFAULTS))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("positions")
          .hasMessageContaining("shorten");
      assertThatThrownBy(() -> client.generate(TEXT, DEFAULTS.withMaxNewTokens(1 << 24)))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining(Integer.toString(1 << 24));
      assertThatThrownBy(() -> CleaveClient.open(bundle, "192.0.2.1"))
          .isInstanceOf(CleaveException.class)
          .hasMessageContaining("not host:port");
      assertThatThrownBy(() -> CleaveClient.open(folder.resolve("none"), server.address()))
          .isInstanceOfSatisfying(
              CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.BUNDLE))
          .hasMessageContaining("none");
    }
  }

  static ScriptedServer.Script answering(String text) {
    return exchange -> {
      exchange.accept();
      int[] ids = Fixtures.ids(text);
      exchange.tokens(0, ids);
      exchange.done(dev.cleave.v1.FinishReason.LENGTH, ids.length);
    };
  }
}

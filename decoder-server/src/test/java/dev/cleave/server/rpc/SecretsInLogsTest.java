package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.cleave.codec.HeaderForm;
import dev.cleave.server.causal.FakeUpperEngine;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Everything that any logger of this JVM writes at its most talkative, searched for a session. */
@Timeout(60)
class SecretsInLogsTest {

  // Ids of six digits: no port, no time in milliseconds is taken for one.
  private static final int VOCABULARY = 300_000;
  private static final int TOKENS = 20;
  private static final float[] PROMPT = TestServer.prompt(4711, 4);
  private static final List<String> TALKATIVE =
      List.of(
          org.slf4j.Logger.ROOT_LOGGER_NAME,
          "dev.cleave",
          "io.grpc",
          "io.grpc.netty",
          "io.grpc.netty.NettyServerHandler",
          "io.netty");

  private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
  private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
  private final Capture capture = new Capture();
  private final JulCapture julCapture = new JulCapture();
  private final java.util.logging.Logger julRoot = java.util.logging.Logger.getLogger("");

  @BeforeEach
  void listen() {
    capture.setContext(context);
    capture.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(capture);
    TALKATIVE.forEach(name -> context.getLogger(name).setLevel(Level.TRACE));
    julCapture.setLevel(java.util.logging.Level.ALL);
    julRoot.addHandler(julCapture);
    julRoot.setLevel(java.util.logging.Level.ALL);
  }

  @AfterEach
  void stopListening() {
    julRoot.removeHandler(julCapture);
    julRoot.setLevel(java.util.logging.Level.INFO);
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.detachAppender(capture);
    TALKATIVE.stream().skip(1).forEach(name -> context.getLogger(name).setLevel(null));
    root.setLevel(Level.INFO);
    LogPolicy.enforceFloor();
  }

  @Test
  void noLevelShowsTokensOrHiddenStates() throws Exception {
    Secrets secrets = generate(false);
    assertThat(lines).isNotEmpty();
    assertThat(findings(secrets)).isEmpty();
  }

  @Test
  void withoutTheFloorTheSameSearchFindsThem() throws Exception {
    Secrets secrets = generate(true);
    assertThat(findings(secrets)).contains("hidden states in hex", "token ids in hex");
  }

  @Test
  void noLevelShowsWhatASessionOfManyTurnsSays() throws Exception {
    Secrets secrets = converse(false);
    assertThat(lines).isNotEmpty();
    assertThat(findings(secrets)).isEmpty();
  }

  @Test
  void withoutTheFloorTheSameSearchFindsASession() throws Exception {
    Secrets secrets = converse(true);
    assertThat(findings(secrets)).contains("hidden states in hex", "token ids in hex");
  }

  /**
   * What no line may show.
   *
   * @param hidden rows of which the last was sent alone
   * @param ids that came back
   * @param messages ids as they stand in messages, in hex
   */
  private record Secrets(FloatBuffer hidden, List<Integer> ids, List<String> messages) {}

  private Secrets generate(boolean withoutFloor) throws Exception {
    ServerConfig config =
        ServerConfig.onFreePorts(TestServer.limits(2, false, Duration.ofSeconds(30)));
    try (TestServer server = TestServer.start(config, VOCABULARY)) {
      if (withoutFloor) {
        context.resetTurboFilterList();
      }
      int width = FakeDecoderEngine.WIDTH;
      TestCall call = server.call().send(TestServer.opening(4, TOKENS));
      call.awaitOpened();
      call.send(TestServer.frame(Arrays.copyOf(PROMPT, 3 * width), 0, HeaderForm.LONG));
      server.awaitMetric(1, "cleave.frames");
      // Alone, it is small enough for the transport to dump it whole.
      call.send(TestServer.frame(lastPosition(), 3, HeaderForm.SHORT));
      server.awaitMetric(2, "cleave.frames");
      call.send(new Uplink.EndOfPrompt(4));
      List<Integer> ids = Arrays.stream(call.awaitAnswer().ids()).boxed().toList();
      assertThat(ids).hasSize(TOKENS);
      // A refusal is logged no more than a generation.
      server.call().send(new Uplink.Cancel()).awaitError();
      // Token.id is field 2
      List<String> messages = ids.stream().map(id -> "10" + varintHex(id)).toList();
      return new Secrets(FloatBuffer.wrap(PROMPT), ids, messages);
    }
  }

  /** A prompt, a step with drafts, a step alone, another turn, then one that the engine fails. */
  private Secrets converse(boolean withoutFloor) throws Exception {
    FakeUpperEngine engine =
        new FakeUpperEngine(
            CausalServer.SLOTS, VOCABULARY, CausalServer.CONTEXT, CausalServer.BUDGET);
    float[] rows = TestServer.prompt(4712, 12);
    try (CausalServer server = CausalServer.start(engine)) {
      if (withoutFloor) {
        context.resetTurboFilterList();
      }
      List<List<Integer>> answers = new ArrayList<>();
      TestCall call = server.open(20, CausalServer.STEP);
      call.send(CausalServer.hidden(rows, 0, 4), new Uplink.EndOfPrompt(4));
      answers.add(call.awaitSampled().getIdsList());
      call.send(CausalServer.step(rows, 4, 8));
      answers.add(call.awaitSampled().getIdsList());
      call.send(CausalServer.hidden(rows, 8, 11), new Uplink.EndOfPrompt(11));
      answers.add(call.awaitSampled().getIdsList());
      call.send(CausalServer.step(rows, 11, 12));
      answers.add(call.awaitSampled().getIdsList());
      engine.failSegmentsAt(12);
      call.send(CausalServer.step(TestServer.prompt(4712, 13), 12, 13));
      call.awaitError();
      server.call().send(new Uplink.Cancel()).awaitError();
      List<Integer> ids = answers.stream().flatMap(List::stream).toList();
      assertThat(ids).hasSize(7);
      // Sampled.ids are packed: side by side; one alone could be part of any number
      List<String> messages =
          answers.stream()
              .filter(answer -> answer.size() > 1)
              .map(answer ->
                  answer.stream().map(SecretsInLogsTest::varintHex).collect(Collectors.joining()))
              .toList();
      return new Secrets(FloatBuffer.wrap(rows), ids, messages);
    }
  }

  private List<String> findings(Secrets secrets) {
    String text = String.join("\n", lines);
    List<String> found = new ArrayList<>();
    ByteBuffer last =
        ByteBuffer.allocate(FakeDecoderEngine.WIDTH * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer hidden = secrets.hidden();
    last.asFloatBuffer()
        .put(0, hidden, hidden.limit() - FakeDecoderEngine.WIDTH, FakeDecoderEngine.WIDTH);
    String hex = HexFormat.of().formatHex(last.array());
    if (text.contains(hex.substring(0, 24))) {
      found.add("hidden states in hex");
    }
    for (int i = 0; i < hidden.limit(); i++) {
      if (text.contains(Float.toString(hidden.get(i)))) {
        found.add("a hidden state in decimal");
      }
    }
    if (secrets.messages().stream().anyMatch(text::contains)) {
      found.add("token ids in hex");
    }
    for (int id : secrets.ids()) {
      if (id >= 100_000 && Pattern.compile("(?<!\\d)" + id + "(?!\\d)").matcher(text).find()) {
        found.add("token id in decimal");
      }
    }
    return found.stream().distinct().toList();
  }

  private static float[] lastPosition() {
    int width = FakeDecoderEngine.WIDTH;
    return Arrays.copyOfRange(PROMPT, 3 * width, 4 * width);
  }

  private static String varintHex(int value) {
    StringBuilder hex = new StringBuilder();
    int rest = value;
    while (rest >= 0x80) {
      hex.append(HexFormat.of().toHexDigits((byte) (rest | 0x80)));
      rest >>>= 7;
    }
    return hex.append(HexFormat.of().toHexDigits((byte) rest)).toString();
  }

  private final class Capture extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent event) {
      lines.add(event.getLoggerName() + " " + event.getFormattedMessage());
    }
  }

  private final class JulCapture extends Handler {
    @Override
    public void publish(LogRecord record) {
      lines.add(
          record.getLoggerName()
              + " "
              + record.getMessage()
              + " "
              + Arrays.toString(record.getParameters()));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}

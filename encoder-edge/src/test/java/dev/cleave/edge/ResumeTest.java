package dev.cleave.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.codec.CodecMode;
import dev.cleave.edge.causal.FakeDecoderLink;
import dev.cleave.edge.causal.FakeLowerEngine;
import dev.cleave.edge.causal.FakeModel;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.journal.SessionKey;
import dev.cleave.edge.replay.Recovery;
import dev.cleave.edge.replay.ReplayLink;
import dev.cleave.edge.text.Fixtures;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Answers that another process goes on with: what a process that was killed would have left is a
 * copy of its journal as it was at that moment.
 */
@Timeout(120)
class ResumeTest {
  private static final int[] PROMPT = IntStream.range(5, 45).toArray();
  private static final int[] ANSWER = Fixtures.ids("chest pain since three days");
  private static final GenerateOptions RAW =
      GenerateOptions.defaults().withCodec(CodecMode.RAW_F32).withMaxNewTokens(30);

  @TempDir Path folder;
  private final HfTokenizer tokenizer = Fixtures.tokenizer("t5-v1.0-tied-relu");
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable it : open.reversed()) {
      it.close();
    }
    tokenizer.close();
  }

  private JournalFolder journals(String name) {
    SessionKey key = SessionKey.parse(Base64.getEncoder().encodeToString(new byte[32]), "a test");
    return JournalFolder.open(folder.resolve(name), key, Clock.systemUTC());
  }

  private static DeviceBundle bundle(int width) {
    return new DeviceBundle(
        "ab".repeat(32),
        new EncoderShape(width, 256),
        new DeviceBundle.Tokens(400, Set.of(), Set.of(1)),
        new DeviceBundle.AnswerLimits(30, 200),
        DeviceCodec.uncalibrated(width));
  }

  private Path journal(SessionId id) {
    return folder.resolve("live").resolve(id + ".journal");
  }

  @Test
  void anAnswerOfAServerThatDecodesAloneIsWholeWhereverItIsTakenUp() throws Exception {
    CountDownLatch copied = new CountDownLatch(1);
    List<Open> opens = new CopyOnWriteArrayList<>();
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          opens.add(exchange.open(6));
          exchange.prompt();
          exchange.tokens(0, ANSWER);
          if (opens.size() == 1) {
            copied.await();
          }
          exchange.done(FinishReason.EOS, ANSWER.length);
        })) {
      ReplayLink link = ReplayLink.of(new RingLink(server), Recovery.defaults());
      EncoderHalf half =
          new EncoderHalf(bundle(Exchange.WIDTH), tokenizer, new FakeEncoder(), link);
      open.addAll(List.of(half, link));
      SessionJournal journal = journals("live").begin(new byte[3]);
      Generation answer = half.generate(PROMPT, RAW, link.recording(journal));
      Thread copy =
          Thread.startVirtualThread(() -> {
            while (answer.tokenIds().length < ANSWER.length) {
              pause();
            }
            try {
              Files.copy(journal(journal.id()), folder.resolve("copy"));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            copied.countDown();
          });
      String whole = answer.text();
      copy.join();
      assertThat(whole).isEqualTo(tokenizer.decode(ANSWER));
      assertThat(journal(journal.id())).doesNotExist();

      byte[] all = Files.readAllBytes(folder.resolve("copy"));
      int first = 68 + 8 + 28 + 1 + 3 + 8 + 28 + 5;
      for (int length = first; length <= all.length; length += length < 2_000 ? 61 : 733) {
        int last = all.length - length < 733 ? all.length : length;
        opens.clear();
        opens.add(Open.getDefaultInstance());
        JournalFolder journals = journals("killed");
        Path left = folder.resolve("killed").resolve(journal.id() + ".journal");
        Files.write(left, java.util.Arrays.copyOf(all, last));
        SessionJournal taken = journals.open(journal.id());
        Generation rest = half.generate(PROMPT, RAW, link.recording(taken));
        assertThat(rest.text()).as("cut at %d", last).isEqualTo(whole);
        assertThat(opens).hasSize(2);
        assertThat(opens.getLast().getSessionHigh()).isEqualTo(journal.id().high());
        assertThat(opens.getLast().getSessionLow()).isEqualTo(journal.id().low());
        assertThat(opens.getLast().getAttempt()).isEqualTo(1);
        assertThat(left).doesNotExist();
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(2);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void anAnswerThatTheDeviceTakesPartInIsWholeWhereverItIsTakenUp() throws Exception {
    int resumed = 0;
    for (int point = 0; point < 40; point++) {
      FakeDecoderLink fake = new FakeDecoderLink(new FakeModel(400, 0), 24);
      ReplayLink link = ReplayLink.of(fake, Recovery.defaults());
      FakeLowerEngine engine = new FakeLowerEngine(256);
      try (CausalHalf half =
          new CausalHalf(bundle(FakeLowerEngine.WIDTH), tokenizer, engine, link)) {
        SessionJournal journal = journals("live").begin(new byte[3]);
        Path left = folder.resolve("killed").resolve(journal.id() + ".journal");
        JournalFolder journals = journals("killed");
        AtomicInteger sent = new AtomicInteger();
        int at = point;
        fake.onUplink =
            (stream, message) -> {
              if (sent.getAndIncrement() == at) {
                try {
                  Files.copy(journal(journal.id()), left);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            };
        Generation answer = half.generate(PROMPT, RAW, link.recording(journal));
        String whole = answer.text();
        int[] ids = answer.tokenIds();
        assertThat(journal(journal.id())).doesNotExist();
        if (!Files.exists(left)) {
          continue;
        }
        resumed++;
        Generation rest = half.generate(PROMPT, RAW, link.recording(journals.open(journal.id())));
        assertThat(rest.text()).as("point %d", point).isEqualTo(whole);
        assertThat(rest.tokenIds()).isEqualTo(ids);
        assertThat(fake.streams).hasSize(2);
        assertThat(fake.last().open.getAttempt()).isEqualTo(1);
        assertThat(rest.receipt().recovered().reopened()).isEqualTo(1);
        assertThat(left).doesNotExist();
      }
      assertThat(engine.open).hasValue(0);
    }
    assertThat(resumed).isGreaterThan(25);
  }

  @Test
  void anAnswerThatIsLeftFailsAndGoesOnWhenItIsResumed() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    AtomicInteger opens = new AtomicInteger();
    try (ScriptedServer server =
        ScriptedServer.start(exchange -> {
          exchange.open(6);
          exchange.prompt();
          if (opens.getAndIncrement() == 0) {
            exchange.tokens(0, ANSWER[0], ANSWER[1]);
            left.await();
            return;
          }
          exchange.tokens(0, ANSWER);
          exchange.done(FinishReason.EOS, ANSWER.length);
        })) {
      ReplayLink link = ReplayLink.of(new RingLink(server), Recovery.defaults());
      EncoderHalf half =
          new EncoderHalf(bundle(Exchange.WIDTH), tokenizer, new FakeEncoder(), link);
      open.addAll(List.of(half, link));
      SessionJournal journal = journals("live").begin(new byte[3]);
      try (Generation answer =
          half.generate(PROMPT, RAW, link.recording(journal)).of(journal.id())) {
        Iterator<String> pieces = answer.iterator();
        assertThat(pieces.next()).isNotEmpty();
        answer.leave();
        assertLeft(() -> pieces.forEachRemaining(piece -> {}));
        answer.cancel(); // too late for both
      }
      left.countDown();
      assertThat(journal(journal.id())).exists();
      SessionJournal taken = journals("live").open(journal.id());
      assertThat(half.generate(PROMPT, RAW, link.recording(taken)).text())
          .isEqualTo(tokenizer.decode(ANSWER));
      assertThat(journal(journal.id())).doesNotExist();
    }
  }

  @Test
  void anAnswerThatTheDeviceTakesPartInMayBeLeftAnywhere() throws Exception {
    for (int point = 0; point < 30; point += 3) {
      FakeDecoderLink fake = new FakeDecoderLink(new FakeModel(400, 0), 24);
      ReplayLink link = ReplayLink.of(fake, Recovery.defaults());
      try (CausalHalf half =
          new CausalHalf(
              bundle(FakeLowerEngine.WIDTH), tokenizer, new FakeLowerEngine(256), link)) {
        String whole = half.generate(PROMPT, RAW).text();
        SessionJournal journal = journals("live").begin(new byte[3]);
        AtomicInteger sent = new AtomicInteger();
        List<Generation> answers = new ArrayList<>();
        int at = point;
        fake.onUplink =
            (stream, message) -> {
              if (sent.getAndIncrement() == at) {
                answers.getFirst().leave();
              }
            };
        try (Generation left = half.generate(PROMPT, RAW, link.recording(journal))) {
          answers.add(left);
          assertLeft(left::text);
        }
        assertThat(journal(journal.id())).as("point %d", point).exists();
        SessionJournal taken = journals("live").open(journal.id());
        assertThat(half.generate(PROMPT, RAW, link.recording(taken)).text()).isEqualTo(whole);
        assertThat(journal(journal.id())).doesNotExist();
      }
    }
  }

  private static void assertLeft(ThrowingCallable iterating) {
    assertThatThrownBy(iterating)
        .isInstanceOfSatisfying(
            CleaveException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED))
        .hasMessageContaining("left before its end");
  }

  @Test
  void framesBeyondTheMemoryAreSentAgainFromDisk() throws Exception {
    Recovery onDisk = Recovery.defaults().withBytes(1 << 20, 0);
    FakeDecoderLink fake = new FakeDecoderLink(new FakeModel(400, 0), 24);
    ReplayLink link = ReplayLink.of(fake, onDisk);
    FakeLowerEngine engine = new FakeLowerEngine(256);
    try (CausalHalf half = new CausalHalf(bundle(FakeLowerEngine.WIDTH), tokenizer, engine, link)) {
      String undisturbed = half.generate(PROMPT, RAW).text();
      AtomicInteger sent = new AtomicInteger();
      fake.onUplink =
          (stream, message) -> {
            if (sent.getAndIncrement() == 15) {
              stream.lose(FakeDecoderLink.lost());
            }
          };
      Generation answer = half.generate(PROMPT, RAW);
      assertThat(answer.text()).isEqualTo(undisturbed);
      assertThat(answer.receipt().recovered().reopened()).isEqualTo(1);
    }
    try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertThat(files.filter(it -> it.toString().endsWith(".spill"))).isEmpty();
    }
  }
}

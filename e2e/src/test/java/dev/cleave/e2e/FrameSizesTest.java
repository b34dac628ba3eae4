package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameInfo;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.HeaderForm;
import dev.cleave.codec.rate.RateTarget;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.HiddenStates;
import dev.cleave.edge.Receipt;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.codec.PromptFrames;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.v1.DeviceMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lengths of frames say how many positions they hold, and nothing of what they hold. */
class FrameSizesTest {
  private static final int TEXTS = 1000;
  private static final long SEED = 20_251_104;

  /** Few enough that most lengths come many times among the texts. */
  private static final int MAX_WORDS = 40;

  @TempDir static Path work;
  private static Path bundle = Path.of("");

  @BeforeAll
  static void calibrate() throws IOException {
    bundle = Bundles.calibratedReference(work);
  }

  @Test
  void framesOfThousandTextsAreAsLongAsTheyHavePositions() {
    DeviceCodec device = DeviceCodec.of(Bundle.open(bundle, Half.DEVICE));
    Map<String, StreamCodec> codecs =
        CodecChoice.names().stream()
            .map(name -> name.replace("BITS", "3"))
            // The same payloads by another name, or of two bytes each.
            .filter(name -> !List.of("default", "f16", "bf16").contains(name))
            .collect(
                Collectors.toMap(name -> name, name -> device.resolve(CodecChoice.parse(name))));
    Map<String, Map<Integer, Set<List<Integer>>>> lengths = new HashMap<>();
    Map<Integer, Integer> texts = new HashMap<>();
    Random random = new Random(SEED);
    try (CleaveClient client = CleaveClient.open(bundle, "127.0.0.1:1")) {
      for (int i = 0; i < TEXTS; i++) {
        HiddenStates states = client.encode(text(random));
        texts.merge(states.positions(), 1, Integer::sum);
        codecs.forEach((name, codec) ->
            lengths
                .computeIfAbsent(name, key -> new HashMap<>())
                .computeIfAbsent(states.positions(), key -> new HashSet<>())
                .add(lengths(codec, states)));
      }
    }
    // Two texts of a length at least, or nothing was compared.
    assertThat(texts.values().stream().filter(count -> count > 1).mapToInt(it -> it).sum())
        .as("texts that are as long as another, seed %d", SEED)
        .isGreaterThan(TEXTS * 9 / 10);
    codecs.forEach((name, codec) -> {
      Map<Integer, Set<List<Integer>>> byPositions = lengths.getOrDefault(name, Map.of());
      assertThat(byPositions).isNotEmpty();
      if (codec.hasConstantFrames()) {
        assertThat(byPositions)
            .as("lengths of frames as %s by positions, seed %d", name, SEED)
            .allSatisfy((positions, seen) -> assertThat(seen).hasSize(1));
      } else {
        // The control: a codec that says its frames vary is seen to.
        assertThat(byPositions.values()).as(name).anyMatch(seen -> seen.size() > 1);
      }
    });
    assertThat(codecs.values()).filteredOn(StreamCodec::hasConstantFrames).hasSizeGreaterThan(5);
  }

  /** Frames of so few positions that a prompt has several. */
  private static List<Integer> lengths(StreamCodec codec, HiddenStates states) {
    List<Integer> lengths = new ArrayList<>();
    PromptFrames frames = new PromptFrames(codec, states.values().duplicate(), 48);
    while (frames.hasNext()) {
      lengths.add(frames.next().remaining());
    }
    return lengths;
  }

  private static String text(Random random) {
    int kind = random.nextInt(3);
    return IntStream.rangeClosed(0, random.nextInt(MAX_WORDS))
        .mapToObj(i -> word(random, kind))
        .collect(Collectors.joining(" "));
  }

  /** Small letters, digits, or anything that can be typed. */
  private static String word(Random random, int kind) {
    String alphabet =
        switch (kind) {
          case 0 -> "abcdefghijklmnopqrstuvwxyz";
          case 1 -> "0123456789";
          default -> "eéßñ中🙂 .,;:!?-()[]AZ09";
        };
    int[] letters =
        IntStream.rangeClosed(0, random.nextInt(6))
            .map(i ->
                alphabet.codePoints()
                    .toArray()[random.nextInt((int) alphabet.codePoints().count())])
            .toArray();
    return new String(letters, 0, letters.length) + "x";
  }

  @Test
  void thePaddingOfARealSessionSurvivesTheWire() throws IOException {
    StreamCodec codec =
        DeviceCodec.of(Bundle.open(bundle, Half.DEVICE)).resolve(CodecChoice.byDefault());
    assertThat(codec.name()).isEqualTo("balanced");
    int bytes =
        ((RateTarget.BytesPerPosition) java.util.Objects.requireNonNull(codec.spec().target()))
            .bytes();
    String note = Bundles.samples().getFirst().note();
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2")) {
      List<byte[]> first = messages(server, note);
      List<ByteBuffer> frames = frames(first);
      FrameDecoder decoder = codec.decoder(new FrameLimits(512, 4096, 1 << 20));
      int positions = 0;
      for (ByteBuffer frame : frames) {
        FrameInfo info = decoder.inspect(frame);
        assertThat(info.form()).isEqualTo(positions == 0 ? HeaderForm.LONG : HeaderForm.SHORT);
        assertThat(frame.remaining())
            .isEqualTo((positions == 0 ? 64 : 12) + info.positions() * bytes);
        positions += info.positions();
      }
      // Another text of as many positions: whoever watches the sizes cannot tell them apart.
      assertThat(sizes(messages(server, sameLength(note, positions)))).isEqualTo(sizes(first));
    }
  }

  /** Every message that the device sends for a text. */
  private static List<byte[]> messages(ServerProcess server, String note) throws IOException {
    try (RecordingProxy proxy = RecordingProxy.start(server.port());
        CleaveClient client = CleaveClient.open(bundle, proxy.address());
        Generation answer = client.generate(note, GenerateOptions.defaults())) {
      answer.forEach(piece -> {});
      Receipt.Sent sent = answer.receipt().sent();
      assertThat(sent.coding().codec()).isEqualTo("balanced");
      assertThat(sent.coding().constantSize()).isTrue();
      List<byte[]> messages = Http2Messages.of(proxy.sent()).getFirst();
      assertThat(frames(messages).stream().mapToLong(ByteBuffer::remaining).sum())
          .isEqualTo(sent.frameBytes());
      return messages;
    }
  }

  private static List<ByteBuffer> frames(List<byte[]> messages) throws IOException {
    List<ByteBuffer> frames = new ArrayList<>();
    for (byte[] message : messages) {
      DeviceMessage parsed = DeviceMessage.parseFrom(message);
      if (parsed.hasHidden()) {
        frames.add(parsed.getHidden().asReadOnlyByteBuffer());
      }
    }
    return frames;
  }

  private static List<Integer> sizes(List<byte[]> messages) {
    return messages.stream().map(message -> message.length).toList();
  }

  /** A text of as many tokens, with none of the note's words. */
  private static String sameLength(String note, int positions) {
    try (CleaveClient client = CleaveClient.open(bundle, "127.0.0.1:1")) {
      Random random = new Random(SEED);
      while (true) {
        String text = text(random);
        if (client.tokenize(text).length == positions) {
          assertThat(text).isNotEqualTo(note);
          return text;
        }
      }
    }
  }
}

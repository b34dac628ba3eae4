package dev.cleave.bench.chaos.hostile;

import com.google.protobuf.ByteString;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.HeaderForm;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.codec.DeviceCodec;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.v1.Open;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Streams of messages as a device would send them, in bytes: what mutations start from. Each call
 * gives messages of their own. Confined to one thread.
 */
final class Corpus {
  private static final int FRAME_POSITIONS = 4;
  private static final int FRAMES = 2;
  private static final int TOKENS = 4;
  private static final List<String> CODECS = List.of("int8", "raw", "int4", "rate:3", "lossless");

  private final Bundle bundle;
  private final boolean causal;
  private final DeviceCodec codecs;

  private Corpus(Bundle bundle) {
    this.bundle = bundle;
    this.causal = bundle.manifest().split() instanceof SplitPoint.Causal;
    this.codecs = DeviceCodec.of(bundle);
  }

  static Corpus of(Path bundle) {
    return new Corpus(Bundle.open(bundle, Half.DEVICE));
  }

  /** A request that a server takes, in every codec in turn. */
  Open.Builder open(SplittableRandom random) {
    return open(codec(random), random);
  }

  private Open.Builder open(StreamCodec codec, SplittableRandom random) {
    byte[] id = HexFormat.of().parseHex(bundle.id().hex());
    return WireCodec.of(codec.spec())
        .putInto(Open.newBuilder())
        .setBundleId(ByteString.copyFrom(id))
        .setPromptPositions(FRAME_POSITIONS * FRAMES + (causal ? TOKENS : 0))
        .setMaxNewTokens(causal ? 0 : TOKENS)
        .setStepPositions(causal ? 2 : 0)
        .setIgnoreEos(!causal)
        .setSessionHigh(random.nextLong())
        .setSessionLow(random.nextLong());
  }

  /** Open, frames and the end of the prompt, and a step where the model has steps. */
  List<byte[]> stream(SplittableRandom random) throws IOException {
    StreamCodec codec = codec(random);
    List<byte[]> messages = new ArrayList<>();
    messages.add(bytes(new Uplink.OpenSession(open(codec, random).build())));
    FrameEncoder encoder = codec.encoder();
    for (int n = 0; n < FRAMES; n++) {
      HeaderForm form = n == 0 ? HeaderForm.LONG : HeaderForm.SHORT;
      messages.add(
          bytes(
              new Uplink.Hidden(
                  frame(encoder, n * FRAME_POSITIONS, FRAME_POSITIONS, form, random))));
    }
    int positions = FRAMES * FRAME_POSITIONS;
    messages.add(bytes(new Uplink.EndOfPrompt(positions)));
    if (causal) {
      messages.add(bytes(new Uplink.Step(frame(encoder, positions, 1, HeaderForm.SHORT, random))));
    } else if (random.nextInt(4) == 0) {
      messages.add(bytes(new Uplink.Cancel()));
    }
    return messages;
  }

  private ByteBuffer frame(
      FrameEncoder encoder, int start, int positions, HeaderForm form, SplittableRandom random) {
    int width = bundle.manifest().width();
    FloatBuffer values = FloatBuffer.allocate(positions * width);
    while (values.hasRemaining()) {
      values.put((float) (random.nextDouble() * 2 - 1));
    }
    ByteBuffer frame = ByteBuffer.allocate(encoder.maxEncodedBytes(positions));
    encoder.encode(values.flip(), start, positions, form, frame);
    return frame.flip();
  }

  private StreamCodec codec(SplittableRandom random) {
    return codecs.resolve(CodecChoice.parse(CODECS.get(random.nextInt(CODECS.size()))));
  }

  static byte[] bytes(Uplink message) throws IOException {
    try (InputStream stream = DecoderMethods.GENERATE.streamRequest(message)) {
      return stream.readAllBytes();
    }
  }
}

package dev.cleave.lab.measure;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The device half of a bundle without a link: text to states, answers to text. Thread-safe; closing
 * it frees both.
 */
public final class DeviceHalf implements AutoCloseable {
  private final HfTokenizer tokenizer;
  private final OrtEncoder encoder;
  private final int usualAnswer;

  private DeviceHalf(HfTokenizer tokenizer, OrtEncoder encoder, int usualAnswer) {
    this.tokenizer = tokenizer;
    this.encoder = encoder;
    this.usualAnswer = usualAnswer;
  }

  /**
   * Opens tokenizer and encoder.
   *
   * @param half the verified device half
   * @param threads threads of one computation
   */
  public static DeviceHalf open(Bundle half, int threads) {
    BundleManifest manifest = half.manifest();
    Set<Integer> skip = new HashSet<>();
    int usual;
    try {
      JsonNode generation = new ObjectMapper().readTree(half.file("generation.json").toFile());
      generation.path("skipTokenIds").forEach(id -> skip.add(id.asInt()));
      usual = generation.path("defaultMaxNewTokens").asInt();
    } catch (IOException e) {
      throw CleaveException.fatal(
              Code.BUNDLE, "could not read device/generation.json", "split the model again")
          .causedBy(e);
    }
    HfTokenizer tokenizer = HfTokenizer.open(half.file("tokenizer.json"), skip);
    try {
      EncoderShape shape =
          new EncoderShape(manifest.width(), manifest.limits().maxPromptPositions());
      return new DeviceHalf(
          tokenizer,
          OrtEncoder.open(half.file("encoder.onnx"), shape, threads),
          Math.clamp(usual, 1, manifest.limits().maxNewTokens()));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Elements of the boundary tensor per position. */
  public int width() {
    return encoder.width();
  }

  /** Tokens of an answer where nobody asks for more. */
  public int usualAnswer() {
    return usualAnswer;
  }

  /** The ids of a text, and whether the encoder takes as many. */
  public int[] tokenize(String text) {
    return tokenizer.encode(text);
  }

  /** Whether the encoder takes a prompt of so many positions. */
  public boolean takes(int positions) {
    return positions >= 1 && positions <= encoder.maxPositions();
  }

  /** The sample of these ids. */
  public Sample encode(int[] ids, Map<String, String> rightAnswer) {
    try (Arena arena = Arena.ofConfined()) {
      int values = Math.multiplyExact(ids.length, encoder.width());
      LongBuffer prompt =
          arena
              .allocate((long) ids.length * Long.BYTES, ValueLayout.JAVA_LONG.byteAlignment())
              .asByteBuffer()
              .order(ByteOrder.nativeOrder())
              .asLongBuffer();
      for (int i = 0; i < ids.length; i++) {
        prompt.put(i, ids[i]);
      }
      FloatBuffer hidden =
          arena
              .allocate((long) values * Float.BYTES, 64)
              .asByteBuffer()
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      encoder.encode(prompt, hidden);
      float[] states = new float[values];
      hidden.get(0, states);
      return new Sample(ids.length, states, rightAnswer);
    }
  }

  /** The text of an answer's ids. */
  public String text(int[] ids) {
    return tokenizer.decode(ids);
  }

  @Override
  public void close() {
    encoder.close();
    tokenizer.close();
  }
}

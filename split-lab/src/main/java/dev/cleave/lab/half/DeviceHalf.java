package dev.cleave.lab.half;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerShape;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.engine.OrtLowerEngine;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.SplitPoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The device half of a bundle without a link: text to states, answers to text. Thread-safe; closing
 * it frees both.
 */
public final class DeviceHalf implements AutoCloseable {
  private final Bundle half;
  private final HfTokenizer tokenizer;
  private final StateEngine engine;
  private final int usualAnswer;

  private DeviceHalf(Bundle half, HfTokenizer tokenizer, StateEngine engine, int usualAnswer) {
    this.half = half;
    this.tokenizer = tokenizer;
    this.engine = engine;
    this.usualAnswer = usualAnswer;
  }

  /**
   * Opens tokenizer and engine.
   *
   * @param half the verified device half
   * @param threads threads of one computation
   */
  public static DeviceHalf open(Bundle half, int threads) {
    JsonNode generation = generation(half);
    int usual = generation.path("defaultMaxNewTokens").asInt();
    HfTokenizer tokenizer = HfTokenizer.open(half.file("tokenizer.json"), skipped(generation));
    try {
      return new DeviceHalf(
          half,
          tokenizer,
          StateEngine.open(half, threads),
          Math.clamp(usual, 1, half.manifest().limits().maxNewTokens()));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** What the device must know to ask for and to show an answer. */
  static JsonNode generation(Bundle half) {
    try {
      return new ObjectMapper().readTree(half.file("generation.json").toFile());
    } catch (IOException e) {
      throw CleaveException.fatal(
              Code.BUNDLE, "could not read device/generation.json", "split the model again")
          .causedBy(e);
    }
  }

  /** Ids that have no text. */
  static Set<Integer> skipped(JsonNode generation) {
    Set<Integer> skipped = new HashSet<>();
    generation.path("skipTokenIds").forEach(id -> skipped.add(id.asInt()));
    return skipped;
  }

  /** Elements of the boundary tensor per position. */
  public int width() {
    return engine.width();
  }

  /** Tokens of an answer where nobody asks for more. */
  public int usualAnswer() {
    return usualAnswer;
  }

  /** The ids of a text, and whether the encoder takes as many. */
  public int[] tokenize(String text) {
    return tokenizer.encode(text);
  }

  /** How texts of the model's own begin. */
  Openings openings() {
    return Openings.of(half, tokenizer);
  }

  /** Whether the engine takes a prompt of so many positions. */
  public boolean takes(int positions) {
    return positions >= 1 && positions <= engine.maxPositions();
  }

  /** The most positions that it takes. */
  public int maxPositions() {
    return engine.maxPositions();
  }

  /** Embedding and lower layers, where the model is cut between two. */
  public Optional<LowerEngine> lower() {
    return engine instanceof StateEngine.Lower lower
        ? Optional.of(lower.engine())
        : Optional.empty();
  }

  /** The sample of these ids. */
  public Sample encode(int[] ids, Framing framing, Map<String, String> rightAnswer) {
    try (Arena arena = Arena.ofConfined()) {
      int values = Math.multiplyExact(ids.length, engine.width());
      LongBuffer prompt = Direct.longs(arena, ids.length);
      for (int i = 0; i < ids.length; i++) {
        prompt.put(i, ids[i]);
      }
      FloatBuffer hidden = Direct.floats(arena, values);
      engine.states(prompt, hidden);
      float[] states = new float[values];
      hidden.get(0, states);
      return new Sample(ids.length, states, framing, rightAnswer);
    }
  }

  /** The text of an answer's ids. */
  public String text(int[] ids) {
    return tokenizer.decode(ids);
  }

  @Override
  public void close() {
    engine.close();
    tokenizer.close();
  }

  /** What makes states of ids, of either kind of split. */
  private sealed interface StateEngine extends AutoCloseable {
    static StateEngine open(Bundle half, int threads) {
      BundleManifest manifest = half.manifest();
      int most = manifest.limits().maxPromptPositions();
      return switch (manifest.split()) {
        case SplitPoint.EncoderDecoder _ ->
            new Encoder(
                OrtEncoder.open(
                    half.file("encoder.onnx"), new EncoderShape(manifest.width(), most), threads));
        case SplitPoint.Causal cut ->
            new Lower(
                OrtLowerEngine.open(
                    half.file("lower.onnx"),
                    new LowerShape(manifest.width(), cut.at(), most),
                    threads));
      };
    }

    int width();

    int maxPositions();

    void states(LongBuffer ids, FloatBuffer hidden);

    @Override
    void close();

    record Encoder(OrtEncoder engine) implements StateEngine {
      @Override
      public int width() {
        return engine.width();
      }

      @Override
      public int maxPositions() {
        return engine.maxPositions();
      }

      @Override
      public void states(LongBuffer ids, FloatBuffer hidden) {
        engine.encode(ids, hidden);
      }

      @Override
      public void close() {
        engine.close();
      }
    }

    record Lower(LowerEngine engine) implements StateEngine {
      @Override
      public int width() {
        return engine.width();
      }

      @Override
      public int maxPositions() {
        return engine.maxPositions();
      }

      @Override
      public void states(LongBuffer ids, FloatBuffer hidden) {
        try (var session = engine.open(ids.remaining())) {
          session.append(ids, hidden);
        }
      }

      @Override
      public void close() {
        engine.close();
      }
    }
  }
}

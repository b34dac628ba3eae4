package dev.cleave.lab.half;

import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.StepResult;
import dev.cleave.server.sampling.Sampler;
import dev.cleave.server.sampling.Sampling;
import dev.cleave.split.block.DecodingSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Answers many prompts greedily with one engine, as the server does: all slots busy, a new prompt
 * wherever an answer ends. Confined to the engine's thread; closing it closes the engine.
 */
final class GreedyDecoding implements AutoCloseable {
  private final DecoderEngine engine;
  private final DecodingSpec decoding;
  private final Set<Integer> ends;
  private final Set<Integer> suppressed;
  private final int maxTokens;
  private final Sampler sampler = new Sampler();
  private final FloatBuffer hidden;

  GreedyDecoding(DecoderEngine engine, DecodingSpec decoding, int maxTokens) {
    this.engine = engine;
    this.decoding = decoding;
    this.ends = new HashSet<>(decoding.eosTokenIds());
    this.suppressed = new HashSet<>(decoding.suppressedTokenIds());
    this.maxTokens = maxTokens;
    this.hidden =
        ByteBuffer.allocateDirect(
                Math.multiplyExact(
                    Math.multiplyExact(engine.shape().maxSource(), engine.shape().width()),
                    Float.BYTES))
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
  }

  /** The answers' tokens, the one that ends it included; at least one each. */
  int[][] answers(List<Sample> samples) {
    int[][] answers = new int[samples.size()][];
    int slots = Math.min(engine.shape().slots(), samples.size());
    int[] sampleOf = new int[slots];
    int[][] tokens = new int[slots][];
    long[] next = new long[slots];
    long[] positions = new long[slots];
    int waiting = 0;
    int active = 0;
    while (active < slots) {
      sampleOf[active] = waiting;
      begin(active++, samples.get(waiting++), next, positions, tokens);
    }
    boolean wantLogits = !suppressed.isEmpty();
    while (active > 0) {
      StepResult result = engine.step(active, next, positions, wantLogits);
      int[] chosen = new int[active];
      for (int slot = 0; slot < active; slot++) {
        chosen[slot] = choose(result, slot, (int) positions[slot]);
      }
      for (int slot = active - 1; slot >= 0; slot--) {
        int at = (int) positions[slot];
        tokens[slot][at] = chosen[slot];
        next[slot] = chosen[slot];
        positions[slot]++;
        if (!ends.contains(chosen[slot]) && at + 1 < maxTokens) {
          continue;
        }
        answers[sampleOf[slot]] = Arrays.copyOf(tokens[slot], at + 1);
        if (waiting < samples.size()) {
          sampleOf[slot] = waiting;
          begin(slot, samples.get(waiting++), next, positions, tokens);
        } else if (slot != --active) {
          engine.copySlot(active, slot);
          sampleOf[slot] = sampleOf[active];
          tokens[slot] = tokens[active];
          next[slot] = next[active];
          positions[slot] = positions[active];
        }
      }
    }
    for (int slot = 0; slot < slots; slot++) {
      engine.clearSlot(slot);
    }
    return answers;
  }

  private void begin(int slot, Sample sample, long[] next, long[] positions, int[][] tokens) {
    hidden.put(0, sample.states());
    engine.prefill(slot, hidden, sample.positions());
    tokens[slot] = new int[maxTokens];
    next[slot] = decoding.startTokenId();
    positions[slot] = 0;
  }

  private int choose(StepResult result, int row, int position) {
    if (position == 0 && decoding.forcedBosTokenId().isPresent()) {
      return decoding.forcedBosTokenId().getAsInt();
    }
    if (position == maxTokens - 1 && decoding.forcedEosTokenId().isPresent()) {
      return decoding.forcedEosTokenId().getAsInt();
    }
    if (suppressed.isEmpty()) {
      return result.argmax(row);
    }
    int vocabulary = engine.shape().vocabulary();
    int token =
        sampler.choose(
            result.logits(), row * vocabulary, vocabulary, Sampling.GREEDY, suppressed, position);
    return token < 0 ? result.argmax(row) : token;
  }

  @Override
  public void close() {
    engine.close();
  }
}

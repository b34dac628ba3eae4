package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.error.CheckpointRefused;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes the TorchScript program of a decoder with cross attention. Stateless and thread-safe.
 *
 * <p>Memory of the program, allocated once:
 *
 * <pre>
 * per layer   self  [2, slots, heads, maxNewTokens, headDim]   K and V
 *             cross [2, slots, heads, maxSource,    headDim]
 * once        lengths [slots]                    prompt positions of each slot
 *             bias    [heads | 1, 2 maxNewTokens - 1]
 *             rows    [slots, 2 heads]           first row of each K and V head in self
 * </pre>
 *
 * Column {@code maxNewTokens - 1 + d} of {@code bias} holds what a key at distance d (key minus
 * query position) adds to the score: the relative bias for d up to 0, minus infinity after. The
 * mask of one query is therefore a slice of it, and those of a batch are one gather.
 */
public final class TorchScriptEmitter {
  private TorchScriptEmitter() {}

  /**
   * Writes the program.
   *
   * @throws CheckpointRefused when the description asks for what the program cannot do
   * @throws IllegalArgumentException when the options exceed the decoder's positions
   */
  public static DecoderScript emit(DecoderSpec spec, ScriptOptions options) {
    AttentionSpec cross = check(spec, options);
    ScriptText text = new ScriptText();
    text.line(0, "class M(Module):");
    text.line(1, "__parameters__ = []");
    text.line(1, "__buffers__ = []");
    text.line(1, "training : bool");
    DecoderScript.TENSOR_LISTS.forEach(name -> text.line(1, name + " : List[Tensor]"));
    options
        .form()
        .pack(text, PackedWeight.Kind.TABLE, PackedWeight.Kind.EMBEDDING, PackedWeight.Kind.LINEAR);
    WeightPlan plan = new WeightPlan(CanonicalTensors.ofDecoder(spec.stack(), spec.head()));
    StepEmitter steps = new StepEmitter(spec, options, plan, text);
    steps.step(true);
    steps.step(false);
    new SlotEmitter(spec, cross, options, plan, text).emit();
    return new DecoderScript(text.toString(), plan.weights(), kvBytes(spec, cross, options));
  }

  static AttentionSpec check(DecoderSpec spec, ScriptOptions options) {
    StackSpec stack = spec.stack();
    BlockSpec block = stack.block();
    AttentionSpec cross =
        block
            .cross()
            .orElseThrow(
                () -> new CheckpointRefused(spec.architecture(), "no cross attention to emit"));
    for (AttentionSpec attention : List.of(block.self(), cross)) {
      if (attention.kvHeads() != attention.heads()
          || attention.queryKeyNorm().isPresent()
          || attention.positions() instanceof AttentionSpec.Rope) {
        throw new CheckpointRefused(
            spec.architecture(),
            "grouped keys, norms of queries and keys, and rotary positions cannot be emitted for a"
                + " decoder with cross attention");
      }
    }
    int positions =
        stack.embedding().table().map(EmbeddingSpec.Table::count).orElse(Integer.MAX_VALUE);
    if (options.maxNewTokens() > positions) {
      throw new IllegalArgumentException(
          "maxNewTokens must be at most the decoder's "
              + positions
              + " positions: "
              + options.maxNewTokens());
    }
    return cross;
  }

  private static long kvBytes(DecoderSpec spec, AttentionSpec cross, ScriptOptions options) {
    long self = (long) spec.stack().block().self().queryWidth() * options.maxNewTokens();
    long source = (long) cross.queryWidth() * options.maxSource();
    return Math.multiplyExact(
        2L * Float.BYTES * spec.stack().layers(), Math.addExact(self, source));
  }

  /** The bucket of each distance from {@code 1 - maxNewTokens} to 0, comma separated. */
  static String buckets(AttentionSpec.RelativeBias bias, int maxNewTokens) {
    return IntStream.range(0, maxNewTokens)
        .mapToObj(column -> Integer.toString(bias.bucket(column - (maxNewTokens - 1))))
        .collect(Collectors.joining(", "));
  }
}

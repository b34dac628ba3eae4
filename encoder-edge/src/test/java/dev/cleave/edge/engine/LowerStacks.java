package dev.cleave.edge.engine;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.EmbeddingSpec;
import dev.cleave.split.block.MlpSpec;
import dev.cleave.split.block.NormSpec;
import dev.cleave.split.block.RopeScaling;
import dev.cleave.split.block.StackSpec;
import java.util.Optional;

/** A lower stack for each feature of the description. */
enum LowerStacks {
  /** Grouped heads, rope, gated SILU: Llama. */
  GROUPED(
      attention(6, 2, AttentionSpec.Biases.NONE, rope(new RopeScaling.None()), false), Form.LLAMA),
  /** One key head for all. */
  SINGLE_KV(
      attention(4, 1, AttentionSpec.Biases.NONE, rope(new RopeScaling.Linear(4)), false),
      Form.LLAMA),
  /** Stretched for long contexts. */
  LLAMA3_ROPE(
      attention(4, 4, AttentionSpec.Biases.NONE, rope(new RopeScaling.Llama3(8, 1, 4, 64)), false),
      Form.LLAMA),
  /** Half of each head rotated. */
  PARTIAL_ROPE(
      attention(4, 2, AttentionSpec.Biases.NONE, new AttentionSpec.Rope(500, 16), false),
      Form.LLAMA),
  /** Biases on q, k and v: Qwen2. */
  SOME_BIASES(
      attention(
          4,
          2,
          new AttentionSpec.Biases(true, true, true, false),
          rope(new RopeScaling.None()),
          false),
      Form.LLAMA),
  /** A norm on each head: Qwen3. */
  HEAD_NORM(
      attention(4, 2, AttentionSpec.Biases.NONE, rope(new RopeScaling.None()), true), Form.LLAMA),
  /** Learned positions, LayerNorm, biases everywhere, GELU by tanh: GPT-2. */
  LEARNED_POSITIONS(
      attention(4, 4, AttentionSpec.Biases.ALL, new AttentionSpec.NoPositions(), false), Form.GPT2),
  /** Norms after the residual, a scaled and normed embedding with an offset, ReLU, layer norms. */
  NORM_AFTER(
      attention(4, 2, AttentionSpec.Biases.ALL, new AttentionSpec.NoPositions(), false), Form.POST),
  /** The same with gated GELU and RMS norms. */
  RMS_AFTER(
      attention(4, 2, AttentionSpec.Biases.NONE, rope(new RopeScaling.None()), true),
      Form.RMS_POST),
  /** The embedding alone. */
  NO_LAYERS(attention(4, 2, AttentionSpec.Biases.NONE, rope(new RopeScaling.None()), false), 0),
  /** The embedding alone, of GPT-2. */
  NO_LAYERS_LEARNED(
      attention(4, 4, AttentionSpec.Biases.ALL, new AttentionSpec.NoPositions(), false),
      Form.GPT2,
      0);

  static final int MAX_POSITIONS = 48;
  static final int VOCABULARY = 97;
  private static final int WIDTH = 72;
  private static final int LAYERS = 3;
  private static final NormSpec RMS = new NormSpec(NormSpec.Kind.RMS, 1e-5);
  private static final NormSpec LAYER = new NormSpec(NormSpec.Kind.LAYER, 1e-5);

  private enum Form {
    LLAMA,
    GPT2,
    POST,
    RMS_POST
  }

  @SuppressWarnings("ImmutableEnumChecker") // a record of records, without the annotation
  private final AttentionSpec attention;

  private final Form form;
  private final int layers;

  LowerStacks(AttentionSpec attention, Form form) {
    this(attention, form, LAYERS);
  }

  LowerStacks(AttentionSpec attention, int layers) {
    this(attention, Form.LLAMA, layers);
  }

  LowerStacks(AttentionSpec attention, Form form, int layers) {
    this.attention = attention;
    this.form = form;
    this.layers = layers;
  }

  StackSpec spec() {
    return new StackSpec(
        WIDTH,
        layers,
        embedding(),
        switch (form) {
          case LLAMA -> block(RMS, NormSpec.Placement.PRE, MlpSpec.Activation.SILU, true);
          case GPT2 -> block(LAYER, NormSpec.Placement.PRE, MlpSpec.Activation.GELU_TANH, false);
          case POST -> block(LAYER, NormSpec.Placement.POST, MlpSpec.Activation.RELU, false);
          case RMS_POST -> block(RMS, NormSpec.Placement.POST, MlpSpec.Activation.GELU, true);
        },
        Optional.empty());
  }

  private EmbeddingSpec embedding() {
    EmbeddingSpec.Positions none = new EmbeddingSpec.NoPositions();
    return switch (form) {
      case LLAMA -> new EmbeddingSpec(VOCABULARY, 1, none, Optional.empty());
      case GPT2 -> new EmbeddingSpec(VOCABULARY, 1, table(0), Optional.empty());
      case POST -> new EmbeddingSpec(VOCABULARY, 2.5, table(2), Optional.of(LAYER));
      case RMS_POST -> new EmbeddingSpec(VOCABULARY, 2.5, none, Optional.of(RMS));
    };
  }

  private BlockSpec block(
      NormSpec norm, NormSpec.Placement placement, MlpSpec.Activation activation, boolean gated) {
    return new BlockSpec(
        norm,
        placement,
        attention,
        Optional.empty(),
        new MlpSpec(104, gated, activation, form == Form.GPT2 || form == Form.POST));
  }

  private static EmbeddingSpec.Table table(int offset) {
    return new EmbeddingSpec.Table(EmbeddingSpec.Origin.LEARNED, offset, MAX_POSITIONS);
  }

  private static AttentionSpec.Rope rope(RopeScaling scaling) {
    return new AttentionSpec.Rope(10_000, 32, scaling);
  }

  private static AttentionSpec attention(
      int heads,
      int kvHeads,
      AttentionSpec.Biases biases,
      AttentionSpec.Positions positions,
      boolean headNorm) {
    return new AttentionSpec(
        new AttentionSpec.Layout(heads, kvHeads, 32),
        biases,
        0.21,
        positions,
        headNorm ? Optional.of(new NormSpec(NormSpec.Kind.RMS, 1e-6)) : Optional.empty());
  }
}

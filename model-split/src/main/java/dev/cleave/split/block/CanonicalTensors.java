package dev.cleave.split.block;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The names and shapes of every tensor that a description calls for; both emitters and both readers
 * go by this list alone. Linear weights are {@code [out, in]}, row-major.
 *
 * <pre>
 * embed.weight                               [vocabulary, width]
 * embed.positions.weight                     [offset + count, width]
 * embed.norm.{weight,bias}                   [width]
 * self.relative_bias.weight                  [buckets, heads]
 * layers.N.{self,cross}.{q,k,v,o}.{weight,bias}
 * layers.N.{self,cross}.{q_norm,k_norm}.{weight,bias}   [headDim]
 * layers.N.{self,cross,mlp}.norm.{weight,bias}          [width]
 * layers.N.mlp.{up,gate,down}.{weight,bias}
 * norm.{weight,bias}                         [width]
 * head.weight, head.bias                     [vocabulary, width], [vocabulary]
 * </pre>
 */
public final class CanonicalTensors {
  private CanonicalTensors() {}

  /**
   * One tensor.
   *
   * @param name canonical
   * @param shape one or two sizes
   */
  public record Tensor(String name, List<Long> shape) {
    public Tensor {
      shape = List.copyOf(shape);
    }

    /** The product of the sizes. */
    public long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /** The tensors of a stack, without a head, in a fixed order. */
  public static List<Tensor> ofStack(StackSpec stack) {
    List<Tensor> list = new ArrayList<>();
    EmbeddingSpec embedding = stack.embedding();
    int width = stack.width();
    add(list, "embed.weight", embedding.vocabulary(), width);
    embedding
        .table()
        .ifPresent(t -> add(list, "embed.positions.weight", t.offset() + t.count(), width));
    norm(list, "embed.norm", embedding.norm(), width);
    AttentionSpec self = stack.block().self();
    self.relativeBias()
        .ifPresent(b -> add(list, "self.relative_bias.weight", b.buckets(), self.heads()));
    for (int n = 0; n < stack.layers(); n++) {
      block(list, "layers." + n + ".", stack.block(), width);
    }
    norm(list, "norm", stack.finalNorm(), width);
    return List.copyOf(list);
  }

  /** The tensors of a decoder with its head, in a fixed order. */
  public static List<Tensor> ofDecoder(StackSpec stack, HeadSpec head) {
    List<Tensor> list = new ArrayList<>(ofStack(stack));
    if (!head.tied()) {
      add(list, "head.weight", head.vocabulary(), stack.width());
    }
    if (head.bias()) {
      add(list, "head.bias", head.vocabulary());
    }
    return List.copyOf(list);
  }

  /**
   * The tensors of a whole decoder-only model, in a fixed order: those of its stack and of its
   * head, which is {@code head.weight} whether it is tied or not.
   */
  public static List<Tensor> ofCausal(CausalSpec spec) {
    List<Tensor> list = new ArrayList<>(ofStack(spec.stack()));
    head(list, spec.head(), spec.stack().width());
    return List.copyOf(list);
  }

  /**
   * The tensors of a server half cut from a decoder-only model, in a fixed order. Layers keep their
   * numbers; the head is {@code head.weight} whether it is tied or not.
   */
  public static List<Tensor> ofUpper(UpperSpec upper) {
    List<Tensor> list = new ArrayList<>();
    for (int n = upper.layers().first(); n < upper.layers().end(); n++) {
      block(list, "layers." + n + ".", upper.block(), upper.width());
    }
    norm(list, "norm", upper.finalNorm(), upper.width());
    head(list, upper.head(), upper.width());
    return List.copyOf(list);
  }

  private static void head(List<Tensor> list, HeadSpec head, int width) {
    add(list, "head.weight", head.vocabulary(), width);
    if (head.bias()) {
      add(list, "head.bias", head.vocabulary());
    }
  }

  private static void block(List<Tensor> list, String prefix, BlockSpec block, int width) {
    attention(list, prefix + "self", block.self(), width);
    norm(list, prefix + "self.norm", Optional.of(block.norm()), width);
    block
        .cross()
        .ifPresent(cross -> {
          attention(list, prefix + "cross", cross, width);
          norm(list, prefix + "cross.norm", Optional.of(block.norm()), width);
        });
    MlpSpec mlp = block.mlp();
    linear(list, prefix + "mlp.up", mlp.inner(), width, mlp.bias());
    if (mlp.gated()) {
      linear(list, prefix + "mlp.gate", mlp.inner(), width, mlp.bias());
    }
    linear(list, prefix + "mlp.down", width, mlp.inner(), mlp.bias());
    norm(list, prefix + "mlp.norm", Optional.of(block.norm()), width);
  }

  private static void attention(
      List<Tensor> list, String prefix, AttentionSpec attention, int width) {
    AttentionSpec.Biases bias = attention.bias();
    linear(list, prefix + ".q", attention.queryWidth(), width, bias.query());
    linear(list, prefix + ".k", attention.keyValueWidth(), width, bias.key());
    linear(list, prefix + ".v", attention.keyValueWidth(), width, bias.value());
    linear(list, prefix + ".o", width, attention.queryWidth(), bias.out());
    norm(list, prefix + ".q_norm", attention.queryKeyNorm(), attention.headDim());
    norm(list, prefix + ".k_norm", attention.queryKeyNorm(), attention.headDim());
  }

  private static void linear(List<Tensor> list, String name, int out, int in, boolean bias) {
    add(list, name + ".weight", out, in);
    if (bias) {
      add(list, name + ".bias", out);
    }
  }

  private static void norm(List<Tensor> list, String name, Optional<NormSpec> norm, int width) {
    if (norm.isPresent()) {
      add(list, name + ".weight", width);
      if (norm.get().hasBias()) {
        add(list, name + ".bias", width);
      }
    }
  }

  private static void add(List<Tensor> list, String name, int size) {
    list.add(new Tensor(name, List.of((long) size)));
  }

  private static void add(List<Tensor> list, String name, int rows, int columns) {
    list.add(new Tensor(name, List.of((long) rows, (long) columns)));
  }
}

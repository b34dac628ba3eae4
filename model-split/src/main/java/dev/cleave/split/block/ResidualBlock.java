package dev.cleave.split.block;

import java.util.function.BinaryOperator;

/**
 * The order of a block's parts, for every emitter that names the values it computes: attention and
 * MLP are each added to what came in, with the norms before or behind them. Immutable.
 *
 * @param norm emits a norm
 * @param attention emits the attention of a value to itself; given the name of its weights
 * @param mlp emits the MLP
 * @param add emits the sum of two values
 */
public record ResidualBlock(
    Part<NormSpec> norm,
    BinaryOperator<String> attention,
    Part<MlpSpec> mlp,
    BinaryOperator<String> add) {

  /** Emits a part of this description on a value, and names the result. */
  @FunctionalInterface
  public interface Part<S> {
    /**
     * Emits the part.
     *
     * @param name of its weights
     * @param x what goes in
     * @return what comes out
     */
    String emit(S spec, String name, String x);
  }

  /**
   * Emits a whole block.
   *
   * @param prefix of the names of its weights
   * @param input what goes in
   * @return what comes out
   */
  public String emit(BlockSpec block, String prefix, String input) {
    boolean pre = block.placement() == NormSpec.Placement.PRE;
    String self = prefix + "self.norm";
    String mlpNorm = prefix + "mlp.norm";
    String x = input;
    String part = pre ? norm.emit(block.norm(), self, x) : x;
    x = add.apply(x, attention.apply(prefix + "self", part));
    x = pre ? x : norm.emit(block.norm(), self, x);
    part = pre ? norm.emit(block.norm(), mlpNorm, x) : x;
    x = add.apply(x, mlp.emit(block.mlp(), prefix + "mlp", part));
    return pre ? x : norm.emit(block.norm(), mlpNorm, x);
  }
}

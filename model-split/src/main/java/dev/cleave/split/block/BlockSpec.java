package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * One block: self attention, cross attention where there is one, feed-forward, each with a residual
 * and a norm of its own.
 *
 * @param norm the form of every norm in the block
 * @param placement whether norms stand before their part or after the residual
 * @param self attention over the stack's own positions
 * @param cross attention over the encoder's output
 * @param mlp the feed-forward part
 */
public record BlockSpec(
    NormSpec norm,
    NormSpec.Placement placement,
    AttentionSpec self,
    Optional<AttentionSpec> cross,
    MlpSpec mlp) {
  public BlockSpec {
    Objects.requireNonNull(norm, "norm");
    Objects.requireNonNull(placement, "placement");
    Objects.requireNonNull(self, "self");
    Objects.requireNonNull(cross, "cross");
    Objects.requireNonNull(mlp, "mlp");
    if (cross.isPresent() && !(cross.get().positions() instanceof AttentionSpec.NoPositions)) {
      throw new IllegalArgumentException("cross attention must have no positions");
    }
  }
}

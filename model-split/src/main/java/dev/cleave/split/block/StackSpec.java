package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * An embedding and a number of equal blocks.
 *
 * @param width elements of the residual stream
 * @param layers blocks; none in the device half of a cut after 0 layers
 * @param embedding what feeds the first block
 * @param block what every block is
 * @param finalNorm applied to the last block's output, where there is one
 */
public record StackSpec(
    int width, int layers, EmbeddingSpec embedding, BlockSpec block, Optional<NormSpec> finalNorm) {
  public StackSpec {
    Sizes.atLeastOne("width", width);
    if (layers < 0 || layers > 1024) {
      throw new IllegalArgumentException("layers must be in [0, 1024]: " + layers);
    }
    Objects.requireNonNull(embedding, "embedding");
    Objects.requireNonNull(block, "block");
    Objects.requireNonNull(finalNorm, "finalNorm");
  }
}

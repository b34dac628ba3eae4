package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * The server half of a decoder-only model: its upper layers, final norm and head. It has no
 * embedding; a head that is tied has its table as {@code head.weight} like any other.
 *
 * @param architecture the family, for people
 * @param width elements of the residual stream and of the boundary tensor
 * @param layers which of the model's layers
 * @param block what every block is
 * @param finalNorm applied to the last block's output, where there is one
 * @param head from there to logits
 */
public record UpperSpec(
    String architecture,
    int width,
    Layers layers,
    BlockSpec block,
    Optional<NormSpec> finalNorm,
    HeadSpec head) {

  /**
   * A run of layers, by their numbers in the whole model, which the names of their tensors bear.
   *
   * @param first the split point: as many layers run on the device
   * @param end one past the last; the whole model's number
   */
  public record Layers(int first, int end) {
    public Layers {
      if (first < 0 || end <= first || end > 1024) {
        throw new IllegalArgumentException(
            "layers must be a run within [0, 1024]: [" + first + ", " + end + ")");
      }
    }

    /** How many. */
    public int count() {
      return end - first;
    }
  }

  public UpperSpec {
    Objects.requireNonNull(architecture, "architecture");
    Sizes.atLeastOne("width", width);
    Objects.requireNonNull(layers, "layers");
    Objects.requireNonNull(block, "block");
    Objects.requireNonNull(finalNorm, "finalNorm");
    Objects.requireNonNull(head, "head");
    if (block.cross().isPresent() || block.self().relativeBias().isPresent()) {
      throw new IllegalArgumentException(
          "upper layers must have neither cross attention nor a relative bias");
    }
  }
}

package dev.cleave.split.block;

import java.util.Objects;
import java.util.Optional;

/**
 * How token ids become the input of the first block: {@code norm(embed[id] * scale +
 * positions[row])}.
 *
 * @param vocabulary rows of {@code embed.weight}
 * @param scale what the token's row is multiplied by
 * @param positions what is added
 * @param norm applied last, where there is one
 */
public record EmbeddingSpec(
    int vocabulary, double scale, Positions positions, Optional<NormSpec> norm) {

  /** What is added per position. */
  public sealed interface Positions permits NoPositions, Table {}

  /** Nothing: the attention itself knows the positions. */
  public record NoPositions() implements Positions {}

  /**
   * A row of {@code embed.positions.weight [offset + count, width]}: position p takes row {@code p
   * + offset}. Sinusoidal tables that a checkpoint leaves out are computed by the compiler and
   * written like learned ones, so that emitters see one case.
   *
   * @param origin where the numbers came from
   * @param offset row of position 0
   * @param count positions there are
   */
  public record Table(Origin origin, int offset, int count) implements Positions {
    public Table {
      Objects.requireNonNull(origin, "origin");
      if (offset < 0 || offset > 1024) {
        throw new IllegalArgumentException("offset must be in [0, 1024]: " + offset);
      }
      Sizes.atLeastOne("count", count);
    }
  }

  /** Where the numbers of a table came from. */
  public enum Origin {
    /** Trained, from the checkpoint. */
    LEARNED,
    /** Computed by the compiler. */
    SINUSOIDAL
  }

  public EmbeddingSpec {
    Sizes.atLeastOne("vocabulary", vocabulary);
    Objects.requireNonNull(positions, "positions");
    Objects.requireNonNull(norm, "norm");
    if (!(scale > 0) || Double.isInfinite(scale)) {
      throw new IllegalArgumentException("scale must be positive and finite: " + scale);
    }
  }

  /** The table, when positions are added. */
  public Optional<Table> table() {
    return positions instanceof Table table ? Optional.of(table) : Optional.empty();
  }
}

package dev.cleave.split.torch;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One entry of the program's weight list: parts that are joined along their first axis and packed
 * once, by one call of {@link Kind#method()} with the list of parts as f32 tensors.
 *
 * @param kind what the program does with it
 * @param parts joined in this order
 */
public record PackedWeight(Kind kind, List<Part> parts) {

  /** What a weight is for, and so how it is packed. */
  public enum Kind {
    /** Norms, biases, tables: kept f32. */
    TABLE("pack_table"),
    /** Looked up by token; kept in the weights' precision. */
    EMBEDDING("pack_embedding"),
    /** Multiplied with; kept in the weights' precision and the order that is fastest. */
    LINEAR("pack_linear"),
    /** As TABLE, of queries and keys: within each head the two elements of a rotated pair meet. */
    ROTATED_TABLE("pack_rotated_table"),
    /** As LINEAR, reordered as ROTATED_TABLE. */
    ROTATED_LINEAR("pack_rotated_linear");

    private final String method;

    Kind(String method) {
      this.method = method;
    }

    /** The program's method, {@code (parts: List[Tensor]) -> int}. */
    public String method() {
      return method;
    }
  }

  /**
   * One part.
   *
   * @param name the canonical tensor, or nothing for zeros
   * @param shape of the part
   */
  public record Part(Optional<String> name, List<Long> shape) {
    public Part {
      Objects.requireNonNull(name, "name");
      shape = List.copyOf(shape);
    }
  }

  public PackedWeight {
    Objects.requireNonNull(kind, "kind");
    parts = List.copyOf(parts);
  }
}

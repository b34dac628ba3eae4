package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Rotary positions as one multiplication of complex numbers. A pair that rotates is an element of
 * the first half of a head's rotated part and the one of the second; the rows of the query and key
 * weights are reordered once, so that pairs stand side by side. Dot products do not mind. Confined
 * to one emission.
 */
final class RotaryText {
  private final AttentionSpec self;
  private final WeightForm form;
  private final ScriptText text;

  RotaryText(AttentionSpec self, WeightForm form, ScriptText text) {
    this.self = self;
    this.form = form;
    this.text = text;
  }

  static Optional<AttentionSpec.Rope> of(AttentionSpec self) {
    return self.positions() instanceof AttentionSpec.Rope rope
        ? Optional.of(rope)
        : Optional.empty();
  }

  /** Writes the methods that pack what is rotated. */
  void packing() {
    of(self).ifPresent(this::packing);
  }

  private void packing(AttentionSpec.Rope rope) {
    int turning = self.heads() + self.kvHeads();
    text.line(1, "def paired(self, parts: List[Tensor]) -> Tensor:");
    put("all = torch.cat(parts)");
    put("count = torch.floordiv(torch.size(all, 0), %d)".formatted(self.headDim()));
    put("heads = torch.reshape(all, [count, %d, -1])".formatted(self.headDim()));
    put("order = torch.tensor([%s], dtype=4)".formatted(order(rope)));
    put("turning = torch.index_select(torch.narrow(heads, 0, 0, %d), 1, order)".formatted(turning));
    put("others = torch.narrow(heads, 0, %d, torch.sub(count, %d))".formatted(turning, turning));
    put("return torch.reshape(torch.cat([turning, others]), torch.size(all))");
    String joined = "(self).paired(parts, )";
    form.pack(text, PackedWeight.Kind.ROTATED_TABLE, joined);
    form.pack(text, PackedWeight.Kind.ROTATED_LINEAR, joined);
  }

  /** The old place of each element of a head. */
  private String order(AttentionSpec.Rope rope) {
    int half = rope.dimensions() / 2;
    return IntStream.range(0, self.headDim())
        .map(n -> n < rope.dimensions() ? n / 2 + n % 2 * half : n)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", "));
  }

  /**
   * Writes {@code turns [positions, 1, headDim / 2]} complex, by which the pairs of a position are
   * multiplied, or an empty tensor where nothing rotates.
   */
  void table(int positions) {
    Optional<AttentionSpec.Rope> rope = of(self);
    if (rope.isEmpty()) {
      put("turns = torch.zeros([%d, 0], dtype=6)".formatted(positions));
      return;
    }
    float[] frequencies = rope.get().inverseFrequencies();
    // what does not rotate is multiplied by one
    String all =
        IntStream.range(0, self.headDim() / 2)
            .mapToObj(n -> n < frequencies.length ? Float.toString(frequencies[n]) : "0.")
            .collect(Collectors.joining(", "));
    put(
        "angles = torch.outer(torch.arange(%d, dtype=6), torch.tensor([%s], dtype=6))"
            .formatted(positions, all));
    put("angles = torch.to(torch.unsqueeze(angles, 1), 7)");
    put("real = torch.to(torch.cos(angles), %s, 6)".formatted(form.place()));
    put("imaginary = torch.to(torch.sin(angles), %s, 6)".formatted(form.place()));
    put("turns = torch.complex(real, imaginary)");
  }

  private void put(String line) {
    text.line(2, line);
  }
}

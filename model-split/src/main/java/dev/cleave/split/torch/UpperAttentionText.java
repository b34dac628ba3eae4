package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.NormSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Grouped self attention of the rows in {@code x}, each to its own slot, whose K and V of those
 * rows are written first. Confined to one emission.
 *
 * <p>The query heads of one group are rows of one attention: {@code [kvHeads, 1, group, headDim]}
 * to {@code [kvHeads, 1, length, headDim]}, so that K and V of a decode row are neither copied nor
 * read more than once.
 */
final class UpperAttentionText {
  private final AttentionSpec self;
  private final WeightPlan plan;
  private final LinearText linears;
  private final BlockText parts;
  private final ScriptText text;
  private final int group;

  UpperAttentionText(
      AttentionSpec self, WeightPlan plan, LinearText linears, BlockText parts, ScriptText text) {
    this.self = self;
    this.plan = plan;
    this.linears = linears;
    this.parts = parts;
    this.text = text;
    this.group = self.heads() / self.kvHeads();
  }

  /** One row: {@code first} is the slot's first cache, {@code start} and {@code end} its place. */
  void one(String name, int layer) {
    project(name);
    put("c = kv[torch.add(first, %d)]".formatted(layer));
    put(
        "_0 = torch.copy_(torch.narrow(c, 3, start, 1), torch.view(%s, [2, %d, 1, 1, %d]))"
            .formatted(keysAndValues("h"), self.kvHeads(), self.headDim()));
    put("c = torch.narrow(c, 3, 0, end)");
    put("h = torch.reshape(%s, [1, %d])".formatted(attendOne("h", "c"), self.queryWidth()));
    parts.after(linears.apply("h", name + ".o"), name);
  }

  /** What {@link #many} goes by: lists by segment, and the masks of those of many rows. */
  void begin(String place, int layers) {
    put("n = torch.floordiv(torch.len(segments), 4)");
    put("firsts = annotate(List[int], [])");
    put("starts = annotate(List[int], [])");
    put("counts = annotate(List[int], [])");
    put("ends = annotate(List[int], [])");
    put("masks = annotate(List[Tensor], [])");
    put("for i in range(n):");
    deeper("at = torch.mul(i, 4)");
    deeper("_0 = torch.append(firsts, torch.mul(segments[at], %d))".formatted(layers));
    deeper("start = segments[torch.add(at, 1)]");
    deeper("count = segments[torch.add(at, 2)]");
    deeper("end = segments[torch.add(at, 3)]");
    deeper("_1 = torch.append(starts, start)");
    deeper("_2 = torch.append(counts, count)");
    deeper("_3 = torch.append(ends, end)");
    // a row sees the positions up to its own
    deeper(
        "ahead = torch.full([count, end], %s, dtype=6, layout=0, device=%s)"
            .formatted(SlotEmitter.MINUS_INFINITY, place));
    deeper("_4 = torch.append(masks, torch.triu(ahead, torch.add(start, 1)))");
  }

  /** All rows, segment by segment. */
  void many(String name, int layer) {
    project(name);
    put("pieces = torch.split_with_sizes(h, counts)");
    put("heard = annotate(List[Tensor], [])");
    put("for i in range(n):");
    deeper("p = pieces[i]");
    deeper("count = counts[i]");
    deeper("c = kv[torch.add(firsts[i], %d)]".formatted(layer));
    deeper(
        "own = torch.view(%s, [count, 2, %d, 1, %d])"
            .formatted(keysAndValues("p"), self.kvHeads(), self.headDim()));
    deeper(
        "_0 = torch.copy_(torch.narrow(c, 3, starts[i], count),"
            + " torch.permute(own, [1, 2, 3, 0, 4]))");
    deeper("c = torch.narrow(c, 3, 0, ends[i])");
    deeper("if torch.eq(count, 1):");
    text.line(
        4, "a = torch.reshape(%s, [1, %d])".formatted(attendOne("p", "c"), self.queryWidth()));
    deeper("else:");
    text.line(
        4,
        "q = torch.view(%s, [count, %d, %d, %d])"
            .formatted(queries("p"), self.kvHeads(), group, self.headDim()));
    text.line(4, "q = torch.permute(q, [1, 2, 0, 3])");
    text.line(4, "c = torch.expand(c, [-1, -1, %d, -1, -1])".formatted(group));
    text.line(4, "a = " + attend("q", "c", "masks[i]", false));
    text.line(
        4,
        "a = torch.reshape(torch.permute(a, [2, 0, 1, 3]), [count, %d])"
            .formatted(self.queryWidth()));
    deeper("_1 = torch.append(heard, a)");
    put("h = torch.cat(heard)");
    parts.after(linears.apply("h", name + ".o"), name);
  }

  /** All rows of one text, each to those up to itself; without a cache. */
  void whole(String name) {
    project(name);
    put(
        "q = torch.permute(torch.view(%s, [-1, %d, %d, %d]), [1, 2, 0, 3])"
            .formatted(queries("h"), self.kvHeads(), group, self.headDim()));
    put(
        "c = torch.permute(torch.view(%s, [-1, 2, %d, 1, %d]), [1, 2, 3, 0, 4])"
            .formatted(keysAndValues("h"), self.kvHeads(), self.headDim()));
    put("c = torch.expand(c, [-1, -1, %d, -1, -1])".formatted(group));
    put("h = " + attend("q", "c", "None", true));
    put("h = torch.reshape(torch.permute(h, [2, 0, 1, 3]), [-1, %d])".formatted(self.queryWidth()));
    parts.after(linears.apply("h", name + ".o"), name);
  }

  /** {@code h [rows, q | k | v]}, normed and rotated. */
  private void project(String name) {
    put("h = " + parts.before("x", name));
    String[] names = {name + ".q", name + ".k", name + ".v"};
    boolean rotates = RotaryText.of(self).isPresent();
    put("h = " + (rotates ? linears.applyRotated("h", names) : linears.apply("h", names)));
    int heads = self.heads() + self.kvHeads();
    String turning = "torch.narrow(h, 1, 0, %d)".formatted(heads * self.headDim());
    if (self.queryKeyNorm().isPresent()) {
      put("t = torch.view(%s, [-1, %d, %d])".formatted(turning, heads, self.headDim()));
      put("t = " + normed(self.queryKeyNorm().get(), name));
      // not in place: a gradient needs what was normed
      put(
          "h = torch.cat([torch.reshape(t, [-1, %d]), torch.narrow(h, 1, %d, %d)], 1)"
              .formatted(heads * self.headDim(), heads * self.headDim(), self.keyValueWidth()));
    }
    if (rotates) {
      put(
          "t = torch.view_as_complex(torch.view(%s, [-1, %d, %d, 2]))"
              .formatted(turning, heads, self.headDim() / 2));
      put("_0 = torch.mul_(t, turn)");
    }
  }

  private String normed(NormSpec norm, String name) {
    String weight = perHead(name, "weight");
    return switch (norm.kind()) {
      case RMS ->
          "torch.mul(torch.rms_norm(t, [%d], None, %s), %s)"
              .formatted(self.headDim(), norm.epsilon(), weight);
      case LAYER ->
          "torch.addcmul(%s, torch.layer_norm(t, [%d], None, None, %s), %s)"
              .formatted(perHead(name, "bias"), self.headDim(), norm.epsilon(), weight);
    };
  }

  /** {@code [heads + kvHeads, headDim]}: the query norm's for each query head, then the key's. */
  private String perHead(String name, String which) {
    List<String> names = new ArrayList<>();
    names.addAll(Collections.nCopies(self.heads(), name + ".q_norm." + which));
    names.addAll(Collections.nCopies(self.kvHeads(), name + ".k_norm." + which));
    boolean rotates = RotaryText.of(self).isPresent();
    PackedWeight.Kind kind = rotates ? PackedWeight.Kind.ROTATED_TABLE : PackedWeight.Kind.TABLE;
    return "torch.view(%s, [%d, %d])"
        .formatted(plan.place(kind, names.toArray(String[]::new)), names.size(), self.headDim());
  }

  private String queries(String rows) {
    return "torch.narrow(%s, 1, 0, %d)".formatted(rows, self.queryWidth());
  }

  private String keysAndValues(String rows) {
    return "torch.narrow(%s, 1, %d, %d)"
        .formatted(rows, self.queryWidth(), 2 * self.keyValueWidth());
  }

  private String attendOne(String row, String cache) {
    String q =
        "torch.view(%s, [%d, 1, %d, %d])"
            .formatted(queries(row), self.kvHeads(), group, self.headDim());
    return attend(q, cache, "None", false);
  }

  private String attend(String q, String cache, String mask, boolean causal) {
    return "torch.scaled_dot_product_attention(%s, torch.select(%s, 0, 0), torch.select(%s, 0, 1), %s, 0., %s, scale=%s)"
        .formatted(q, cache, cache, mask, causal ? "True" : "False", self.scale());
  }

  private void put(String line) {
    text.line(2, line);
  }

  private void deeper(String line) {
    text.line(3, line);
  }
}

package dev.cleave.split.torch;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperSpec;

/** Writes the {@link ForcedUpperScript} of upper layers. Confined to one emission. */
public final class ForcedUpperEmitter {
  /** Rows that go through the head at once: a vocabulary of 49 152 makes 12 MB of them. */
  public static final int HEAD_ROWS = 64;

  private final UpperSpec spec;
  private final WeightPlan plan;
  private final ScriptText text = new ScriptText();
  private final BlockText parts;
  private final UpperAttentionText attention;

  private ForcedUpperEmitter(UpperSpec spec) {
    this.spec = spec;
    this.plan = new WeightPlan(CanonicalTensors.ofUpper(spec));
    LinearText linears = new LinearText(plan, WeightForm.PLAIN);
    this.parts = new BlockText(spec.block(), spec.width(), plan, linears, text);
    this.attention = new UpperAttentionText(spec.block().self(), plan, linears, parts, text);
  }

  /**
   * Writes the program.
   *
   * @param maxPositions of the longest text
   */
  public static ForcedUpperScript emit(UpperSpec spec, int maxPositions) {
    return new ForcedUpperEmitter(spec).write(maxPositions);
  }

  private ForcedUpperScript write(int maxPositions) {
    text.line(0, "class M(Module):");
    text.line(1, "__parameters__ = []");
    text.line(1, "__buffers__ = []");
    text.line(1, "training : bool");
    ForcedUpperScript.TENSOR_LISTS.forEach(name -> text.line(1, name + " : List[Tensor]"));
    WeightForm.PLAIN.pack(text, PackedWeight.Kind.TABLE, PackedWeight.Kind.LINEAR);
    RotaryText rotary = new RotaryText(spec.block().self(), WeightForm.PLAIN, text);
    rotary.packing();
    text.line(1, "def prepare(self) -> int:");
    rotary.table(maxPositions);
    put("self.state = [turns]");
    put("return 0");
    layers();
    head();
    logits();
    gradient();
    return new ForcedUpperScript(text.toString(), plan.weights());
  }

  private void layers() {
    text.line(1, "def layers(self, hidden: Tensor) -> Tensor:");
    put("w = self.weights");
    put("x = hidden");
    put("turn = torch.narrow((self.state)[0], 0, 0, torch.size(hidden, 0))");
    for (int layer = spec.layers().first(); layer < spec.layers().end(); layer++) {
      String name = "layers." + layer;
      text.line(2, "# " + name);
      attention.whole(name + ".self");
      parts.mlp(name + ".mlp");
    }
    put("return x");
  }

  private void head() {
    text.line(1, "def head(self, x: Tensor) -> Tensor:");
    put("w = self.weights");
    put("return " + parts.logits("x", spec.finalNorm(), spec.head()));
  }

  private void logits() {
    text.line(1, "def logits(self, hidden: Tensor, rows: Tensor, out: Tensor) -> int:");
    put("x = torch.index_select((self).layers(hidden, ), 0, rows)");
    put("parts = torch.split(x, %d)".formatted(HEAD_ROWS));
    put("outs = torch.split(out, %d)".formatted(HEAD_ROWS));
    put("for i in range(torch.len(parts)):");
    text.line(3, "_0 = torch.copy_(outs[i], (self).head(parts[i], ))");
    put("return 0");
  }

  private void gradient() {
    text.line(
        1,
        "def forward(self, hidden: Tensor, rows: Tensor, targets: Tensor, gradient: Tensor)"
            + " -> Tensor:");
    // what was made in inference mode cannot be kept for the way back
    put("if torch.is_inference((self.weights)[0]):");
    text.line(3, "plain = annotate(List[Tensor], [])");
    text.line(3, "for i in range(torch.len(self.weights)):");
    text.line(4, "_0 = torch.append(plain, torch.clone((self.weights)[i]))");
    text.line(3, "self.weights = plain");
    text.line(3, "self.state = [torch.clone((self.state)[0])]");
    put("states = torch.requires_grad_(torch.clone(hidden), True)");
    put("x = torch.index_select((self).layers(states, ), 0, rows)");
    // the head by itself, a few rows at a time: its logits are the largest of all
    put("parts = torch.split(torch.detach(x), %d)".formatted(HEAD_ROWS));
    put("wanted = torch.split(torch.unsqueeze(targets, 1), %d)".formatted(HEAD_ROWS));
    put("total = torch.zeros([], dtype=6)");
    put("slopes = annotate(List[Tensor], [])");
    put("for i in range(torch.len(parts)):");
    text.line(3, "part = torch.requires_grad_(torch.clone(parts[i]), True)");
    text.line(3, "p = torch.log_softmax((self).head(part, ), -1)");
    text.line(3, "sum = torch.sum(torch.gather(p, 1, wanted[i]))");
    text.line(3, "g = torch.grad([sum], [part])");
    text.line(3, "_1 = torch.append(slopes, unchecked_cast(Tensor, g[0]))");
    text.line(3, "total = torch.add(total, torch.detach(sum))");
    put("slope = annotate(List[Optional[Tensor]], [torch.cat(slopes)])");
    put("g = torch.grad([x], [states], slope)");
    put("_2 = torch.copy_(gradient, unchecked_cast(Tensor, g[0]))");
    put("return total");
  }

  private void put(String line) {
    text.line(2, line);
  }
}

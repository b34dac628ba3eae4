package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.UpperSpec;

/**
 * Writes the TorchScript program of the upper layers of a decoder-only model. Confined to one
 * emission.
 *
 * <p>Memory of the program:
 *
 * <pre>
 * kv      slots x layers, slot by slot   [2, kvHeads, 1, positions, headDim], nothing in a free slot
 * state   0: rotation of each position   [maxPositions, 1, headDim / 2] complex
 *         1: nothing
 * </pre>
 *
 * One row is a method of its own: it needs no mask and no loop over segments.
 */
public final class UpperEmitter {
  private final UpperSpec spec;
  private final AttentionSpec self;
  private final UpperScriptOptions options;
  private final WeightPlan plan;
  private final BlockText parts;
  private final UpperAttentionText attention;
  private final ScriptText text = new ScriptText();

  private UpperEmitter(UpperSpec spec, UpperScriptOptions options) {
    this.spec = spec;
    this.self = spec.block().self();
    this.options = options;
    this.plan = new WeightPlan(CanonicalTensors.ofUpper(spec));
    LinearText linears = new LinearText(plan, options.form());
    this.parts = new BlockText(spec.block(), spec.width(), plan, linears, text);
    this.attention = new UpperAttentionText(self, plan, linears, parts, text);
  }

  /** Writes the program. */
  public static UpperScript emit(UpperSpec spec, UpperScriptOptions options) {
    return new UpperEmitter(spec, options).emit();
  }

  private UpperScript emit() {
    text.line(0, "class M(Module):");
    text.line(1, "__parameters__ = []");
    text.line(1, "__buffers__ = []");
    text.line(1, "training : bool");
    UpperScript.TENSOR_LISTS.forEach(name -> text.line(1, name + " : List[Tensor]"));
    options.form().pack(text, PackedWeight.Kind.TABLE, PackedWeight.Kind.LINEAR);
    options.form().product(text);
    RotaryText rotary = new RotaryText(self, options.form(), text);
    rotary.packing();
    stepOne();
    stepMany();
    prepare(rotary);
    allocate();
    free();
    return new UpperScript(text.toString(), plan.weights(), kvBytesPerPosition());
  }

  private void stepOne() {
    text.line(
        1,
        "def step_one(self, slot: int, start: int, hidden: Tensor, top: Tensor, logits: Tensor,"
            + " want: bool, answer: bool) -> int:");
    begin();
    put("end = torch.add(start, 1)");
    put("first = torch.mul(slot, %d)".formatted(spec.layers().count()));
    put("turn = torch.narrow(state[0], 0, start, 1)");
    for (int layer = spec.layers().first(); layer < spec.layers().end(); layer++) {
      String name = "layers." + layer;
      text.line(2, "# " + name);
      attention.one(name + ".self", layer - spec.layers().first());
      parts.mlp(name + ".mlp");
    }
    put("if torch.__not__(answer):");
    text.line(3, "return 0");
    answer("1");
  }

  private void stepMany() {
    text.line(
        1,
        "def step_many(self, segments: List[int], hidden: Tensor, places: Tensor,"
            + " answered: Tensor, top: Tensor, logits: Tensor, want: bool) -> int:");
    begin();
    put("turn = torch.index_select(state[0], 0, %s)".formatted(onDevice("places", ScriptText.I64)));
    attention.begin(options.form().place(), spec.layers().count());
    for (int layer = spec.layers().first(); layer < spec.layers().end(); layer++) {
      String name = "layers." + layer;
      text.line(2, "# " + name);
      attention.many(name + ".self", layer - spec.layers().first());
      parts.mlp(name + ".mlp");
    }
    put("a = torch.size(answered, 0)");
    put("if torch.eq(a, 0):");
    text.line(3, "return 0");
    put("if torch.lt(a, torch.size(x, 0)):");
    text.line(
        3, "x = torch.index_select(x, 0, %s)".formatted(onDevice("answered", ScriptText.I64)));
    answer("a");
  }

  private void begin() {
    put("w = self.weights");
    put("s = self.scales");
    put("kv = self.kv");
    put("state = self.state");
    put("x = " + onDevice("hidden", ScriptText.F32));
  }

  private void answer(String rows) {
    put("y = " + parts.logits("x", spec.finalNorm(), spec.head()));
    put("_0 = torch.copy_(torch.narrow(top, 0, 0, %s), torch.argmax(y, -1))".formatted(rows));
    put("if want:");
    text.line(3, "_0 = torch.copy_(torch.narrow(logits, 0, 0, %s), y)".formatted(rows));
    put("return 0");
  }

  private void prepare(RotaryText rotary) {
    text.line(1, "def prepare(self) -> int:");
    put("none = torch.zeros([0], dtype=6)");
    put("kv = annotate(List[Tensor], [])");
    put("for i in range(%d):".formatted(options.slots() * spec.layers().count()));
    text.line(3, "_0 = torch.append(kv, none)");
    put("self.kv = kv");
    rotary.table(options.maxPositions());
    put("self.state = [turns, none]");
    put("return 0");
  }

  private void allocate() {
    text.line(1, "def allocate(self, slot: int, positions: int) -> int:");
    put("kv = self.kv");
    put("first = torch.mul(slot, %d)".formatted(spec.layers().count()));
    // the slot gets all layers or none: what there is when memory runs out goes with the call
    put("all = annotate(List[Tensor], [])");
    put("for i in range(%d):".formatted(spec.layers().count()));
    // not zeroed: no position is read before it is written
    text.line(
        3,
        "cache = torch.empty([2, %d, 1, positions, %d], dtype=6, layout=0, device=%s)"
            .formatted(self.kvHeads(), self.headDim(), options.form().place()));
    text.line(3, "_0 = torch.append(all, cache)");
    put("for i in range(%d):".formatted(spec.layers().count()));
    text.line(3, "_0 = torch._set_item(kv, torch.add(first, i), all[i])");
    put("return 0");
  }

  private void free() {
    text.line(1, "def free(self, slot: int, positions: int) -> int:");
    put("kv = self.kv");
    put("first = torch.mul(slot, %d)".formatted(spec.layers().count()));
    put("for i in range(%d):".formatted(spec.layers().count()));
    text.line(3, "cache = kv[torch.add(first, i)]");
    text.line(3, "_0 = torch.zero_(torch.narrow(cache, 3, 0, positions))");
    text.line(3, "_1 = torch._set_item(kv, torch.add(first, i), (self.state)[1])");
    put("return 0");
  }

  private long kvBytesPerPosition() {
    return Math.multiplyExact(
        2L * Float.BYTES * spec.layers().count(), (long) self.keyValueWidth());
  }

  private String onDevice(String tensor, int scalarType) {
    return options.form().onCpu()
        ? tensor
        : "torch.to(%s, %s, %d)".formatted(tensor, options.form().place(), scalarType);
  }

  private void put(String line) {
    text.line(2, line);
  }
}

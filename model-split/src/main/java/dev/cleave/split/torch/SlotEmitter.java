package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.DecoderSpec;

/**
 * Writes the methods that make, fill, copy and erase slots. Confined to one emission.
 *
 * <p>{@code state} is: 0 lengths on the CPU, 1 the bias table, 2 the first rows, 3 and 4 the
 * numbers below maxNewTokens and below maxSource.
 */
final class SlotEmitter {
  /** Finite, so that adding a score to it makes no NaN; its exponential is 0. */
  static final String MINUS_INFINITY = "-1.0e+38";

  private final DecoderSpec spec;
  private final AttentionSpec self;
  private final AttentionSpec cross;
  private final ScriptOptions options;
  private final WeightPlan plan;
  private final ScriptText text;
  private final String place;

  SlotEmitter(
      DecoderSpec spec,
      AttentionSpec cross,
      ScriptOptions options,
      WeightPlan plan,
      ScriptText text) {
    this.spec = spec;
    this.self = spec.stack().block().self();
    this.cross = cross;
    this.options = options;
    this.plan = plan;
    this.text = text;
    this.place = ", layout=0, device=torch.device(\"" + options.device() + "\"))";
  }

  void emit() {
    prefill();
    copySlot();
    clearSlot();
    // last, so that it can name the weights of all others
    allocate();
  }

  private void prefill() {
    text.line(1, "def prefill(self, slot: int, hidden: Tensor) -> int:");
    put("w = self.weights");
    put("kv = self.kv");
    put("positions = torch.size(hidden, 0)");
    if (!options.device().equals("cpu")) {
      put("hidden = torch.to(hidden, torch.device(\"%s\"), 6)".formatted(options.device()));
    }
    LinearText linears = new LinearText(plan, options.form());
    for (int layer = 0; layer < spec.stack().layers(); layer++) {
      String name = "layers." + layer + ".cross";
      put(
          "h = torch.view(%s, [positions, 2, %d, %d])"
              .formatted(
                  linears.apply("hidden", name + ".k", name + ".v"),
                  cross.heads(),
                  cross.headDim()));
      put(
          "c = torch.narrow(torch.select(%s, 1, slot), 2, 0, positions)"
              .formatted(Kv.CROSS.at(layer)));
      put("_0 = torch.copy_(c, torch.permute(h, [1, 2, 0, 3]))");
    }
    put("_0 = torch.fill_(torch.select((self.state)[0], 0, slot), positions)");
    put("return 0");
  }

  private void copySlot() {
    text.line(1, "def copy_slot(self, source: int, target: int, positions: int) -> int:");
    put("kv = self.kv");
    put("lengths = (self.state)[0]");
    put("prompt = int(torch.select(lengths, 0, source))");
    for (int layer = 0; layer < spec.stack().layers(); layer++) {
      copy(Kv.SELF.at(layer), "positions");
      copy(Kv.CROSS.at(layer), "prompt");
    }
    put("_0 = torch.fill_(torch.select(lengths, 0, target), prompt)");
    put("return 0");
  }

  private void copy(String cache, String length) {
    String rows = "torch.narrow(torch.select(%s, 1, %s), 2, 0, %s)";
    put(
        "_0 = torch.copy_(%s, %s)"
            .formatted(
                rows.formatted(cache, "target", length), rows.formatted(cache, "source", length)));
  }

  private void clear(String cache, String length) {
    put(
        "_0 = torch.zero_(torch.narrow(torch.select(%s, 1, slot), 2, 0, %s))"
            .formatted(cache, length));
  }

  private void clearSlot() {
    text.line(1, "def clear_slot(self, slot: int, positions: int, prompt: int) -> int:");
    put("kv = self.kv");
    for (int layer = 0; layer < spec.stack().layers(); layer++) {
      clear(Kv.SELF.at(layer), "positions");
      clear(Kv.CROSS.at(layer), "prompt");
    }
    put("_0 = torch.fill_(torch.select((self.state)[0], 0, slot), 1)");
    put("return 0");
  }

  private void allocate() {
    text.line(1, "def allocate(self) -> int:");
    put("w = self.weights");
    put("for i in range(%d):".formatted(spec.stack().layers()));
    cache("s", self, options.maxNewTokens());
    cache("c", cross, options.maxSource());
    text.line(3, "r = torch.view(s, [-1, %d])".formatted(self.headDim()));
    text.line(3, "k = torch.select(s, 0, 0)");
    text.line(3, "v = torch.select(s, 0, 1)");
    text.line(3, "ck = torch.select(c, 0, 0)");
    text.line(3, "cv = torch.select(c, 0, 1)");
    text.line(3, "self.kv = torch.add(self.kv, [s, c, r, k, v, ck, cv])");
    int columns = options.maxNewTokens();
    // before a prefill a slot counts one position of zeros: a softmax over nothing is NaN
    put("lengths = torch.ones([%d], dtype=4)".formatted(options.slots()));
    int heads = 1;
    if (self.relativeBias().isPresent()) {
      heads = self.heads();
      put(
          "buckets = torch.tensor([%s], dtype=4, device=torch.device(\"%s\"))"
              .formatted(
                  TorchScriptEmitter.buckets(self.relativeBias().get(), columns),
                  options.device()));
      put(
          "seen = torch.t(torch.index_select(%s, 0, buckets))"
              .formatted(plan.place(PackedWeight.Kind.TABLE, "self.relative_bias.weight")));
    } else {
      put("seen = torch.zeros([1, %d], dtype=6%s".formatted(columns, place));
    }
    put(
        "ahead = torch.full([%d, %d], %s, dtype=6%s"
            .formatted(heads, columns - 1, MINUS_INFINITY, place));
    put("bias = torch.cat([seen, ahead], 1)");
    int each = self.heads() * columns;
    put("slot = torch.mul(torch.arange(%d, dtype=4%s, %d)".formatted(options.slots(), place, each));
    put(
        "part = torch.mul(torch.arange(2, dtype=4%s, %d)"
            .formatted(place, options.slots() * (long) each));
    put("head = torch.mul(torch.arange(%d, dtype=4%s, %d)".formatted(self.heads(), place, columns));
    put("rows = torch.add(torch.unsqueeze(part, 1), head)");
    put("rows = torch.add(torch.view(slot, [-1, 1]), torch.view(rows, [1, -1]))");
    put("upto = torch.arange(%d, dtype=4%s".formatted(columns, place));
    put("prompt = torch.arange(%d, dtype=4%s".formatted(options.maxSource(), place));
    put("self.state = [lengths, bias, rows, upto, prompt]");
    put("return 0");
  }

  private void cache(String name, AttentionSpec attention, int positions) {
    text.line(
        3,
        "%s = torch.zeros([2, %d, %d, %d, %d], dtype=6%s"
            .formatted(
                name, options.slots(), attention.heads(), positions, attention.headDim(), place));
  }

  private void put(String line) {
    text.line(2, line);
  }
}

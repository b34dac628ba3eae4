package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.StackSpec;

/**
 * Writes the step: one token of each of n slots through all blocks. Confined to one emission.
 *
 * <p>One row and many rows are two methods: one row needs no mask (its views of the cache end at
 * its position) and writes its K and V by a plain copy.
 */
final class StepEmitter {
  private static final String WANT = "tokens: Tensor, positions: Tensor, top: Tensor, ";

  private final DecoderSpec spec;
  private final StackSpec stack;
  private final BlockSpec block;
  private final ScriptOptions options;
  private final LinearText linears;
  private final BlockText parts;
  private final ScriptText text;

  StepEmitter(DecoderSpec spec, ScriptOptions options, WeightPlan plan, ScriptText text) {
    this.spec = spec;
    this.stack = spec.stack();
    this.block = stack.block();
    this.options = options;
    this.linears = new LinearText(plan, options.form());
    this.parts = new BlockText(block, stack.width(), plan, linears, text);
    this.text = text;
  }

  void step(boolean single) {
    text.line(
        1,
        "def step_"
            + (single ? "one" : "many")
            + "(self, "
            + WANT
            + "logits: Tensor, want: bool) -> int:");
    put("w = self.weights");
    put("kv = self.kv");
    put("state = self.state");
    if (single) {
      one();
    } else {
      many();
    }
    parts.embedding(stack.embedding(), onDevice("tokens"), onDevice("positions"));
    for (int layer = 0; layer < stack.layers(); layer++) {
      String name = "layers." + layer;
      text.line(2, "# " + name);
      selfAttention(name + ".self", layer, single);
      crossAttention(name + ".cross", layer, single);
      parts.mlp(name + ".mlp");
    }
    head();
  }

  private void one() {
    put("n = 1");
    put("position = int(torch.select(positions, 0, 0))");
    put("last = torch.add(position, 1)");
    put("source = int(torch.select(state[0], 0, 0))");
    if (relative()) {
      String start = "torch.sub(" + (options.maxNewTokens() - 1) + ", position)";
      put(
          "bias = torch.unsqueeze(torch.unsqueeze(torch.narrow(state[1], 1, %s, last), 1), 0)"
              .formatted(start));
    }
  }

  private void many() {
    put("n = torch.size(tokens, 0)");
    put("last = torch.add(int(torch.max(positions)), 1)");
    put("lengths = torch.narrow(state[0], 0, 0, n)");
    put("source = int(torch.max(lengths))");
    put("at = torch.unsqueeze(" + onDevice("positions") + ", 1)");
    // [n, last]: the column of the bias table for each key
    put(
        "columns = torch.add(torch.sub(torch.narrow(state[3], 0, 0, last), at), %d)"
            .formatted(options.maxNewTokens() - 1));
    put("bias = torch.index_select(state[1], 1, torch.reshape(columns, [-1]))");
    put(
        "bias = torch.unsqueeze(torch.transpose(torch.view(bias, [%d, n, last]), 0, 1), 2)"
            .formatted(relative() ? block.self().heads() : 1));
    put("rows = torch.reshape(torch.add(torch.narrow(state[2], 0, 0, n), at), [-1])");
    put(
        "absent = torch.ge(torch.narrow(state[4], 0, 0, source), torch.unsqueeze(%s, 1))"
            .formatted(onDevice("lengths")));
    put("padding = torch.mul(torch.to(absent, 6), " + SlotEmitter.MINUS_INFINITY + ")");
    put("padding = torch.view(padding, [n, 1, 1, source])");
  }

  private void selfAttention(String name, int layer, boolean single) {
    AttentionSpec self = block.self();
    int heads = self.heads();
    int width = self.queryWidth();
    put("h = " + parts.before("x", name));
    put("h = " + linears.apply("h", name + ".q", name + ".k", name + ".v"));
    put(
        "q = torch.view(torch.narrow(h, 1, 0, %d), [n, %d, 1, %d])"
            .formatted(width, heads, self.headDim()));
    put("h = torch.narrow(h, 1, %d, %d)".formatted(width, 2 * width));
    if (single) {
      put(
          "_0 = torch.copy_(torch.narrow(torch.narrow(%s, 1, 0, 1), 3, position, 1),"
                  .formatted(Kv.SELF.at(layer))
              + " torch.view(h, [2, 1, %d, 1, %d]))".formatted(heads, self.headDim()));
    } else {
      put(
          "_0 = torch.index_copy_(%s, 0, rows, torch.reshape(h, [-1, %d]))"
              .formatted(Kv.SELF_ROWS.at(layer), self.headDim()));
    }
    String mask = single && !relative() ? "None" : "bias";
    attend(self, Kv.SELF_K.at(layer), Kv.SELF_V.at(layer), "last", mask);
    parts.after(linears.apply("h", name + ".o"), name);
  }

  private void crossAttention(String name, int layer, boolean single) {
    AttentionSpec cross = block.cross().orElseThrow();
    put("h = " + parts.before("x", name));
    put(
        "q = torch.view(%s, [n, %d, 1, %d])"
            .formatted(linears.apply("h", name + ".q"), cross.heads(), cross.headDim()));
    String mask = single ? "None" : "padding";
    attend(cross, Kv.CROSS_K.at(layer), Kv.CROSS_V.at(layer), "source", mask);
    parts.after(linears.apply("h", name + ".o"), name);
  }

  private void attend(AttentionSpec attention, String k, String v, String length, String mask) {
    String view = "torch.narrow(torch.narrow(%s, 0, 0, n), 2, 0, " + length + ")";
    put("k = " + view.formatted(k));
    put("v = " + view.formatted(v));
    put(
        "h = torch.scaled_dot_product_attention(q, k, v, %s, 0., False, scale=%s)"
            .formatted(mask, attention.scale()));
    put("h = torch.reshape(h, [n, " + attention.queryWidth() + "])");
  }

  private void head() {
    put("y = " + parts.logits("x", stack.finalNorm(), spec.head()));
    put("_0 = torch.copy_(torch.narrow(top, 0, 0, n), torch.argmax(y, -1))");
    put("if want:");
    text.line(3, "_0 = torch.copy_(torch.narrow(logits, 0, 0, n), y)");
    put("return 0");
  }

  private boolean relative() {
    return block.self().relativeBias().isPresent();
  }

  private String onDevice(String tensor) {
    return options.device().equals("cpu")
        ? tensor
        : "torch.to(" + tensor + ", torch.device(\"" + options.device() + "\"), 4)";
  }

  private void put(String line) {
    text.line(2, line);
  }
}

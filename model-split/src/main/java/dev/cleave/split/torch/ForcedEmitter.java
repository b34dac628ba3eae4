package dev.cleave.split.torch;

import dev.cleave.split.block.AttentionSpec;
import dev.cleave.split.block.BlockSpec;
import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.error.CheckpointRefused;

/** Writes the {@link ForcedScript} of a decoder with cross attention. Confined to one emission. */
public final class ForcedEmitter {
  private final DecoderSpec spec;
  private final BlockSpec block;
  private final AttentionSpec cross;
  private final int maxTokens;
  private final WeightPlan plan;
  private final LinearText linears;
  private final ScriptText text = new ScriptText();
  private final BlockText parts;

  private ForcedEmitter(DecoderSpec spec, AttentionSpec cross, int maxTokens) {
    this.spec = spec;
    this.block = spec.stack().block();
    this.cross = cross;
    this.maxTokens = maxTokens;
    this.plan = new WeightPlan(CanonicalTensors.ofDecoder(spec.stack(), spec.head()));
    this.linears = new LinearText(plan, WeightForm.PLAIN);
    this.parts = new BlockText(block, spec.stack().width(), plan, linears, text);
  }

  /**
   * Writes the program.
   *
   * @param maxTokens the longest answer in tokens
   * @throws CheckpointRefused when the description asks for what the program cannot do
   * @throws IllegalArgumentException when that exceeds the decoder's positions
   */
  public static ForcedScript emit(DecoderSpec spec, int maxTokens) {
    // what slots and prompts there are makes no difference here
    AttentionSpec cross =
        TorchScriptEmitter.check(
            spec, new ScriptOptions("cpu", WeightPrecision.F32, 1, 1, maxTokens));
    return new ForcedEmitter(spec, cross, maxTokens).emit();
  }

  private ForcedScript emit() {
    text.line(0, "class M(Module):");
    text.line(1, "__parameters__ = []");
    text.line(1, "__buffers__ = []");
    text.line(1, "training : bool");
    ForcedScript.TENSOR_LISTS.forEach(name -> text.line(1, name + " : List[Tensor]"));
    WeightForm.PLAIN.pack(
        text, PackedWeight.Kind.TABLE, PackedWeight.Kind.EMBEDDING, PackedWeight.Kind.LINEAR);
    decode();
    logits();
    gradient();
    return new ForcedScript(text.toString(), plan.weights());
  }

  private void decode() {
    text.line(1, "def decode(self, hidden: Tensor, lengths: Tensor, inputs: Tensor) -> Tensor:");
    put("w = self.weights");
    put("b = torch.size(inputs, 0)");
    put("n = torch.size(inputs, 1)");
    put("source = torch.size(hidden, 1)");
    put("upto = torch.arange(n, dtype=4)");
    masks();
    parts.embedding(spec.stack().embedding(), "inputs", "upto");
    for (int layer = 0; layer < spec.stack().layers(); layer++) {
      String name = "layers." + layer;
      text.line(2, "# " + name);
      selfAttention(name + ".self");
      crossAttention(name + ".cross");
      parts.mlp(name + ".mlp");
    }
    put("return " + parts.logits("x", spec.stack().finalNorm(), spec.head()));
  }

  /** {@code bias [1, heads | 1, n, n]} and {@code padding [b, 1, 1, source]}. */
  private void masks() {
    // [n, n]: key minus query position
    put("distance = torch.sub(torch.unsqueeze(upto, 0), torch.unsqueeze(upto, 1))");
    put(
        "ahead = torch.mul(torch.to(torch.gt(distance, 0), 6), "
            + SlotEmitter.MINUS_INFINITY
            + ")");
    put("bias = torch.view(ahead, [1, 1, n, n])");
    AttentionSpec self = block.self();
    if (self.relativeBias().isPresent()) {
      put(
          "buckets = torch.tensor([%s], dtype=4)"
              .formatted(TorchScriptEmitter.buckets(self.relativeBias().get(), maxTokens)));
      put("back = torch.add(torch.clamp(distance, None, 0), %d)".formatted(maxTokens - 1));
      put("near = torch.index_select(buckets, 0, torch.reshape(back, [-1]))");
      put(
          "seen = torch.view(torch.index_select(%s, 0, near), [1, n, n, %d])"
              .formatted(
                  plan.place(PackedWeight.Kind.TABLE, "self.relative_bias.weight"), self.heads()));
      put("bias = torch.add(bias, torch.permute(seen, [0, 3, 1, 2]))");
    }
    put("absent = torch.ge(torch.arange(source, dtype=4), torch.unsqueeze(lengths, 1))");
    put("padding = torch.mul(torch.to(absent, 6), " + SlotEmitter.MINUS_INFINITY + ")");
    put("padding = torch.view(padding, [b, 1, 1, source])");
  }

  private void selfAttention(String name) {
    AttentionSpec self = block.self();
    put("h = " + parts.before("x", name));
    put("h = " + linears.apply("h", name + ".q", name + ".k", name + ".v"));
    put("h = torch.view(h, [b, n, 3, %d, %d])".formatted(self.heads(), self.headDim()));
    put("h = torch.permute(h, [2, 0, 3, 1, 4])");
    put("q = torch.select(h, 0, 0)");
    attend(self, "bias", 1);
    parts.after(linears.apply("h", name + ".o"), name);
  }

  private void crossAttention(String name) {
    put("h = " + parts.before("x", name));
    put(
        "q = torch.transpose(torch.view(%s, [b, n, %d, %d]), 1, 2)"
            .formatted(linears.apply("h", name + ".q"), cross.heads(), cross.headDim()));
    put("h = " + linears.apply("hidden", name + ".k", name + ".v"));
    put("h = torch.view(h, [b, source, 2, %d, %d])".formatted(cross.heads(), cross.headDim()));
    put("h = torch.permute(h, [2, 0, 3, 1, 4])");
    attend(cross, "padding", 0);
    parts.after(linears.apply("h", name + ".o"), name);
  }

  /** Attends with {@code q} to the keys and values that {@code h} holds from this part on. */
  private void attend(AttentionSpec attention, String mask, int first) {
    put(
        ("h = torch.scaled_dot_product_attention(q, torch.select(h, 0, %d), torch.select(h, 0, %d),"
                + " %s, 0., False, scale=%s)")
            .formatted(first, first + 1, mask, attention.scale()));
    put(
        "h = torch.reshape(torch.transpose(h, 1, 2), [b, n, %d])"
            .formatted(attention.queryWidth()));
  }

  private void logits() {
    text.line(
        1,
        "def logits(self, hidden: Tensor, lengths: Tensor, inputs: Tensor, out: Tensor) -> int:");
    put("_0 = torch.copy_(out, (self).decode(hidden, lengths, inputs, ))");
    put("return 0");
  }

  private void gradient() {
    text.line(
        1,
        "def forward(self, hidden: Tensor, lengths: Tensor, inputs: Tensor, targets: Tensor,"
            + " gradient: Tensor) -> Tensor:");
    // what was made in inference mode cannot be kept for the way back
    put("if torch.is_inference((self.weights)[0]):");
    text.line(3, "plain = annotate(List[Tensor], [])");
    text.line(3, "for i in range(torch.len(self.weights)):");
    text.line(4, "_0 = torch.append(plain, torch.clone((self.weights)[i]))");
    text.line(3, "self.weights = plain");
    put("states = torch.requires_grad_(torch.clone(hidden), True)");
    put("p = torch.log_softmax((self).decode(states, lengths, inputs, ), -1)");
    put("wanted = torch.unsqueeze(torch.clamp(targets, 0), -1)");
    put("p = torch.squeeze(torch.gather(p, -1, wanted), -1)");
    put("total = torch.sum(torch.mul(p, torch.to(torch.ge(targets, 0), 6)))");
    put("g = torch.grad([total], [states])");
    put("_1 = torch.copy_(gradient, unchecked_cast(Tensor, g[0]))");
    put("return torch.detach(total)");
  }

  private void put(String line) {
    text.line(2, line);
  }
}

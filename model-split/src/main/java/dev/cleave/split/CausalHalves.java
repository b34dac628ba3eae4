package dev.cleave.split;

import dev.cleave.split.block.CanonicalTensors;
import dev.cleave.split.block.StackSpec;
import dev.cleave.split.block.UpperJson;
import dev.cleave.split.block.UpperSpec;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.checkpoint.Checkpoint.ChatTemplate;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.family.CausalModel;
import dev.cleave.split.onnx.DevicePrecision;
import dev.cleave.split.onnx.LowerEmitter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Embedding and the first layers on the device, the others and the head on the server.
 *
 * @param model to be split
 * @param chat goes to the device
 * @param cut where, and what the device half is
 * @param limits within the model's own
 */
record CausalHalves(
    CausalModel model,
    Optional<ChatTemplate> chat,
    SplitOptions.Cut cut,
    BundleManifest.Limits limits)
    implements Halves {
  /** What is served when nobody asks for more: both sides reserve room for whole sessions. */
  private static final int DEFAULT_MAX_CONTEXT = 4096;

  private static final int DEFAULT_MAX_ANSWER = 1024;

  static CausalHalves of(CausalModel model, Optional<ChatTemplate> chat, SplitOptions options) {
    if (options.hailo().isPresent()) {
      throw new CheckpointRefused(
          "--hailo",
          "the layers of a decoder-only model compute one token at a time, which is not compiled for"
              + " an accelerator; leave it out");
    }
    check(options.cut(), model.spec().layers());
    SplitOptions.Limits wanted = options.limits();
    int context =
        Halves.limit(
            "max prompt positions",
            wanted.maxPromptPositions(),
            DEFAULT_MAX_CONTEXT,
            model.maxPositions());
    int answer = Halves.limit("max new tokens", wanted.maxNewTokens(), DEFAULT_MAX_ANSWER, context);
    return new CausalHalves(model, chat, options.cut(), new BundleManifest.Limits(context, answer));
  }

  private static void check(SplitOptions.Cut cut, int layers) {
    String range =
        layers == 1
            ? "this model's one layer cannot be parted from the head; --at takes 0"
            : "--at takes 1 to " + (layers - 1) + " of this model's " + layers + " layers";
    if (cut.at().isEmpty()) {
      throw new CheckpointRefused(
          "split point",
          "missing; "
              + range
              + ": as many run on the device. More of them hide the text better and cost the device"
              + " more; try --at "
              + Math.clamp(layers / 8, Math.min(1, layers - 1), layers - 1));
    }
    int at = cut.at().getAsInt();
    if (at == 0 && !cut.allowEmbedding()) {
      throw new CheckpointRefused(
          "split point 0",
          "would send rows of the embedding table, which anyone with the table reads; "
              + (layers == 1 ? "permit it" : range + ", or 0")
              + " with --allow-embedding-split");
    }
    if (at < 0 || at >= layers) {
      throw new CheckpointRefused("split point " + at, "is out of range; " + range);
    }
  }

  private int at() {
    return cut.at().orElseThrow();
  }

  @Override
  public String architecture() {
    return model.spec().architecture();
  }

  @Override
  public BundleManifest.Boundary boundary() {
    return new BundleManifest.Boundary(
        new SplitPoint.Causal(at(), model.spec().layers(), model.spec().head().tied()),
        model.spec().stack().width());
  }

  @Override
  public List<String> notes() {
    List<String> notes = new ArrayList<>(model.generation().notes());
    if (at() == 0) {
      notes.add(
          "split point 0: the device half is a table look-up, and anyone with the table reads the"
              + " text from what crosses");
    }
    if (cut.devicePrecision() != DevicePrecision.F32) {
      notes.add(
          "the device half's linears are rounded to "
              + cut.devicePrecision().name().toLowerCase(Locale.ROOT)
              + ": answers may differ from the model's own");
    }
    return notes;
  }

  @Override
  public long writeDevice(Output output) throws IOException {
    int maxNewTokens =
        Math.min(
            limits.maxNewTokens(),
            model.generation().defaultMaxNewTokens().orElse(DEFAULT_MAX_NEW_TOKENS));
    output.write(Half.DEVICE, "generation.json", GenerationJson.write(model, maxNewTokens, chat));
    if (chat.isPresent()) {
      output.write(
          Half.DEVICE, "chat_template.jinja", chat.get().jinja().getBytes(StandardCharsets.UTF_8));
    }
    StackSpec lower = model.spec().lower(at());
    List<CanonicalTensors.Tensor> wanted = CanonicalTensors.ofStack(lower);
    long elements = elements(wanted);
    try (Arena arena = Arena.ofConfined()) {
      LowerEmitter.write(
          lower,
          model.read(
              wanted, arena, output.counter("reading the device half", Float.BYTES * elements)),
          limits.maxPromptPositions(),
          cut.devicePrecision(),
          output.folder(Half.DEVICE),
          output.counter("device half", Float.BYTES * elements));
    }
    return elements;
  }

  @Override
  public long writeServer(Output output) throws IOException {
    UpperSpec upper = model.spec().upper(at());
    output.write(Half.SERVER, "upper.json", UpperJson.write(upper));
    List<CanonicalTensors.Tensor> wanted = CanonicalTensors.ofUpper(upper);
    long elements = elements(wanted);
    try (Arena arena = Arena.ofConfined()) {
      List<TensorData> tensors =
          model.read(
              wanted, arena, output.counter("reading the server half", Float.BYTES * elements));
      SafetensorsWriter.write(
          output.writer().file(Half.SERVER, "upper.safetensors"),
          tensors,
          output.counter("server half", Halves.bytes(tensors)));
    }
    return elements;
  }

  private static long elements(List<CanonicalTensors.Tensor> tensors) {
    return tensors.stream().mapToLong(CanonicalTensors.Tensor::elements).sum();
  }
}

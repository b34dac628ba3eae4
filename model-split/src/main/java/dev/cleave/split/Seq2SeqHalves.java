package dev.cleave.split;

import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.family.Seq2SeqModel;
import dev.cleave.split.hailo.HailoBuckets;
import dev.cleave.split.hailo.HailoHalf;
import dev.cleave.split.onnx.EncoderEmitter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The whole encoder on the device, the whole decoder on the server.
 *
 * @param model to be split
 * @param limits within the model's own
 * @param hailo lengths for an accelerator, none longer than the prompts
 */
record Seq2SeqHalves(Seq2SeqModel model, BundleManifest.Limits limits, Optional<HailoBuckets> hailo)
    implements Halves {
  /** What is served when nobody asks for more: a server reserves room for whole sessions. */
  private static final int DEFAULT_MAX_POSITIONS = 1024;

  static Seq2SeqHalves of(Seq2SeqModel model, SplitOptions options) {
    if (options.cut().at().isPresent()) {
      throw new CheckpointRefused(
          "split point " + options.cut().at().getAsInt(),
          "an encoder-decoder is cut between the two and nowhere else; leave --at out");
    }
    BundleManifest.Limits own = model.limits();
    SplitOptions.Limits wanted = options.limits();
    BundleManifest.Limits limits =
        new BundleManifest.Limits(
            Halves.limit(
                "max prompt positions",
                wanted.maxPromptPositions(),
                DEFAULT_MAX_POSITIONS,
                own.maxPromptPositions()),
            Halves.limit(
                "max new tokens",
                wanted.maxNewTokens(),
                DEFAULT_MAX_POSITIONS,
                own.maxNewTokens()));
    options.hailo().ifPresent(buckets -> requireWithin(buckets, limits.maxPromptPositions()));
    return new Seq2SeqHalves(model, limits, options.hailo());
  }

  private static void requireWithin(HailoBuckets buckets, int positions) {
    if (buckets.longest() > positions) {
      throw new CheckpointRefused(
          "--hailo " + buckets.longest(),
          "prompts have at most " + positions + " positions; leave that length out");
    }
  }

  @Override
  public String architecture() {
    return model.spec().architecture();
  }

  @Override
  public BundleManifest.Boundary boundary() {
    return new BundleManifest.Boundary(
        new SplitPoint.EncoderDecoder(), model.spec().encoder().width());
  }

  @Override
  public List<String> notes() {
    return model.generation().notes();
  }

  @Override
  public long writeDevice(Output output) throws IOException {
    int maxNewTokens =
        Math.min(
            limits.maxNewTokens(),
            model.generation().defaultMaxNewTokens().orElse(DEFAULT_MAX_NEW_TOKENS));
    output.write(Half.DEVICE, "generation.json", GenerationJson.write(model, maxNewTokens));
    long elements = Halves.elements(model.encoder());
    EncoderEmitter.write(
        model.spec().encoder(),
        model.encoder(),
        limits.maxPromptPositions(),
        output.folder(Half.DEVICE),
        output.counter("encoder", Float.BYTES * elements));
    if (hailo.isPresent()) {
      HailoHalf.write(
          model.spec().encoder(),
          model.encoder(),
          hailo.get(),
          output.folder(Half.DEVICE),
          output.counter("encoder for the accelerator", Float.BYTES * elements));
    }
    return elements;
  }

  @Override
  public long writeServer(Output output) throws IOException {
    output.write(
        Half.SERVER,
        "decoder.json",
        DecoderJson.write(model.spec().decoderSpec(model.generation().decoding())));
    SafetensorsWriter.write(
        output.writer().file(Half.SERVER, "decoder.safetensors"),
        model.decoder(),
        output.counter("decoder", Halves.bytes(model.decoder())));
    return Halves.elements(model.decoder());
  }
}

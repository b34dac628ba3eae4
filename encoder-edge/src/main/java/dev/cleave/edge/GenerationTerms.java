package dev.cleave.edge;

import com.google.protobuf.ByteString;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireCodec;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * What was agreed for one generation, against which the server's answer is checked.
 *
 * @param bundleId sha-256 of the bundle, hex
 * @param codec of the frames
 * @param vocabulary ids of tokens are below this
 * @param maxNewTokens the most tokens to accept
 * @param wantLogits whether each token has its logits with it
 * @param stops strings that end the answer
 * @param seed of the draws; empty where chance plays no part
 */
record GenerationTerms(
    String bundleId,
    StreamCodec codec,
    int vocabulary,
    int maxNewTokens,
    boolean wantLogits,
    List<String> stops,
    OptionalLong seed) {

  /** What these options mean for a bundle; without a seed of their own they get one of these. */
  static GenerationTerms of(DeviceBundle bundle, GenerateOptions options, LongSupplier seeds) {
    int most = bundle.answer().most();
    int tokens = options.maxNewTokens().orElse(bundle.answer().usual());
    if (tokens > most) {
      throw CleaveException.fatal(
          Code.INPUT,
          "%d tokens were asked for and this bundle allows %d".formatted(tokens, most),
          "ask for fewer, or split the model with a larger limit");
    }
    Sampling sampling = options.sampling();
    OptionalLong seed =
        sampling.greedy()
            ? OptionalLong.empty()
            : OptionalLong.of(sampling.seed().orElseGet(seeds));
    return new GenerationTerms(
        bundle.bundleId(),
        bundle.codec().resolve(options.codec()),
        bundle.tokens().vocabulary(),
        tokens,
        options.research().wantLogits(),
        options.stops(),
        seed);
  }

  /** What to open a stream with, but for its lengths. */
  Open.Builder open(Sampling chosen) {
    dev.cleave.v1.Sampling.Builder sampling = dev.cleave.v1.Sampling.newBuilder();
    if (seed.isPresent()) {
      sampling
          .setTemperature(chosen.temperature())
          .setTopK(chosen.topK())
          .setTopP(chosen.topP())
          .setSeed(seed.getAsLong());
    }
    return WireCodec.of(codec.spec())
        .putInto(Open.newBuilder())
        .setBundleId(ByteString.copyFrom(HexFormat.of().parseHex(bundleId)))
        .setSampling(sampling)
        .setWantLogits(wantLogits);
  }

  int logitsBytes() {
    return wantLogits ? vocabulary * Float.BYTES : 0;
  }

  double bitsPerElement(long frameBytes, int positions) {
    double elements = (double) positions * codec.spec().width();
    return elements == 0 ? 0 : Math.rint(8000 * frameBytes / elements) / 1000;
  }
}

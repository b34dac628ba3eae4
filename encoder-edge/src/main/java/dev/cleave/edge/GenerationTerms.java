package dev.cleave.edge;

import dev.cleave.edge.codec.StreamCodec;
import java.util.List;
import java.util.OptionalLong;

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

  int logitsBytes() {
    return wantLogits ? vocabulary * Float.BYTES : 0;
  }

  double bitsPerElement(long frameBytes, int positions) {
    double elements = (double) positions * codec.spec().width();
    return elements == 0 ? 0 : Math.rint(8000 * frameBytes / elements) / 1000;
  }
}

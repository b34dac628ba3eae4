package dev.cleave.edge;

import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.v1.Open;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.security.SecureRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** An encoder here, a decoder on the server: one upload, then the server decodes alone. */
final class EncoderHalf implements DeviceHalf {
  private static final SecureRandom SEEDS = new SecureRandom();

  /** Room for a message beside its logits. */
  private static final int MESSAGE_BYTES = 64 << 10;

  private final DeviceBundle bundle;
  private final HfTokenizer tokenizer;
  private final EncoderEngine encoder;
  private final DecoderLink link;
  private final ExecutorService uploads =
      // Platform threads: the encoder computes in native code and would hold a carrier thread.
      Executors.newThreadPerTaskExecutor(
          Thread.ofPlatform().daemon().name("cleave-upload-", 0).factory());

  /** Takes the encoder over; the rest is borrowed until {@link #close}. */
  EncoderHalf(DeviceBundle bundle, HfTokenizer tokenizer, EncoderEngine encoder, DecoderLink link) {
    this.bundle = bundle;
    this.tokenizer = tokenizer;
    this.encoder = encoder;
    this.link = link;
  }

  @Override
  public String engine() {
    return encoder.name();
  }

  @Override
  public Generation generate(int[] ids, GenerateOptions options) {
    return generate(ids, options, link);
  }

  @Override
  public Generation generate(int[] ids, GenerateOptions options, DecoderLink over) {
    GenerationLedger ledger = new GenerationLedger(encoder.name());
    requireLength(ids.length);
    GenerationTerms terms = GenerationTerms.of(bundle, options, SEEDS::nextLong);
    Open open =
        terms
            .open(options.sampling())
            .setPromptPositions(ids.length)
            .setMaxNewTokens(terms.maxNewTokens())
            .setIgnoreEos(options.research().ignoreEos())
            .build();
    DecoderStream stream =
        over.open(
            open,
            new StreamTerms(options.deadline(), Math.addExact(MESSAGE_BYTES, terms.logitsBytes())));
    try {
      uploads.execute(new PromptUpload(new TokenIds(ids), encoder, terms.codec(), stream, ledger));
    } catch (RejectedExecutionException e) {
      stream.close();
      throw CleaveException.fatal(Code.CLOSED, "this client is closed", "open another one")
          .causedBy(e);
    }
    return new Generation(
        new StreamTokens(terms, stream, ledger), terms.stops(), tokenizer.detokenizer());
  }

  @Override
  public CausalSession openSession(SessionOptions options) {
    throw CleaveException.fatal(
        Code.INPUT,
        "this bundle's model has an encoder: each of its answers is of one prompt",
        "use generate, or a bundle of a decoder-only model");
  }

  @Override
  public HiddenStates encode(int[] ids) {
    requireLength(ids.length);
    try (Arena arena = Arena.ofConfined()) {
      FloatBuffer hidden = Tensors.floats(arena, (long) ids.length * encoder.width());
      encoder.encode(new TokenIds(ids).toBuffer(arena), hidden);
      FloatBuffer copy = FloatBuffer.allocate(hidden.remaining()).put(hidden).flip();
      return new HiddenStates(ids.length, encoder.width(), copy);
    }
  }

  @Override
  public void close() {
    uploads.close();
    encoder.close();
  }

  private void requireLength(int positions) {
    int most = bundle.shape().maxPositions();
    if (positions < 1 || positions > most) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the prompt has %d positions and this bundle takes from 1 to %d"
              .formatted(positions, most),
          positions < 1
              ? "give some text"
              : "shorten the text, or split the model with a larger limit");
    }
  }
}

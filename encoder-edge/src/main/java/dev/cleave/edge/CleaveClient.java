package dev.cleave.edge;

import com.google.protobuf.ByteString;
import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.engine.OrtEncoder;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.edge.link.StreamTerms;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.v1.Open;
import dev.cleave.wire.WireCodec;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/**
 * The SDK: text in, streamed text out. It tokenizes and encodes on this device and sends hidden
 * states to the server that holds the other half of the bundle.
 *
 * <pre>{@code
 * try (CleaveClient cleave = CleaveClient.open(Path.of("notes"), "127.0.0.1:7431");
 *     Generation answer = cleave.generate(text, GenerateOptions.defaults())) {
 *   answer.forEach(System.out::print);
 *   System.err.println(answer.receipt());
 * }
 * }</pre>
 *
 * <p>Thread-safe; many generations may run at once. Closing it ends those that still run. Every
 * failure is a {@link CleaveException}, whose category says what to do.
 */
public final class CleaveClient implements AutoCloseable {
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

  /** Takes over what it is given and closes it. */
  CleaveClient(
      DeviceBundle bundle, HfTokenizer tokenizer, EncoderEngine encoder, DecoderLink link) {
    this.bundle = bundle;
    this.tokenizer = tokenizer;
    this.encoder = encoder;
    this.link = link;
  }

  /**
   * Opens the device half of a bundle. Nothing is sent yet.
   *
   * @param server {@code host:port} of the decoder server, on this machine
   */
  public static CleaveClient open(Path bundle, String server) {
    return open(bundle, ClientOptions.of(server));
  }

  /** Opens the device half of a bundle. Nothing is sent yet. */
  public static CleaveClient open(Path root, ClientOptions options) {
    DeviceFiles files = DeviceFiles.open(root);
    HfTokenizer tokenizer = HfTokenizer.open(files.tokenizer(), files.bundle().tokens().skip());
    try {
      EncoderEngine encoder =
          OrtEncoder.open(files.encoder(), files.bundle().encoder(), options.threads());
      return new CleaveClient(
          files.bundle(), tokenizer, encoder, GrpcDecoderLink.to(options.server()));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Begins to answer {@code text}. The text is tokenized and checked before this returns; encoding
   * and sending go on while the caller iterates.
   */
  public Generation generate(String text, GenerateOptions options) {
    if (text.isBlank()) {
      throw CleaveException.fatal(
          Code.INPUT, "the text is empty: there is nothing to encode", "give some text");
    }
    return generateFromIds(tokenizer.encode(text), options);
  }

  /** Begins to answer a prompt that is tokenized already, as parity tests need. */
  public Generation generateFromIds(int[] ids, GenerateOptions options) {
    GenerationLedger ledger = new GenerationLedger();
    requireLength(ids.length);
    GenerationTerms terms = terms(options);
    DecoderStream stream =
        link.open(openMessage(ids.length, terms, options), streamTerms(terms, options));
    try {
      uploads.execute(new PromptUpload(new TokenIds(ids), encoder, terms.codec(), stream, ledger));
    } catch (RejectedExecutionException e) {
      stream.close();
      throw closed().causedBy(e);
    }
    return new Generation(terms, stream, tokenizer.detokenizer(), ledger);
  }

  /** The boundary tensor of {@code text}, for researchers; nothing is sent. */
  public HiddenStates encode(String text) {
    return encodeIds(tokenizer.encode(text));
  }

  /** The boundary tensor of these ids; nothing is sent. */
  public HiddenStates encodeIds(int[] ids) {
    requireLength(ids.length);
    try (Arena arena = Arena.ofConfined()) {
      FloatBuffer hidden = Tensors.floats(arena, (long) ids.length * encoder.width());
      encoder.encode(new TokenIds(ids).toBuffer(arena), hidden);
      FloatBuffer copy = FloatBuffer.allocate(hidden.remaining()).put(hidden).flip();
      return new HiddenStates(ids.length, encoder.width(), copy);
    }
  }

  /** The ids of {@code text}, with the special tokens that the model expects. */
  public int[] tokenize(String text) {
    return tokenizer.encode(text);
  }

  /** The text of these ids, without special tokens. */
  public String decode(int[] ids) {
    return tokenizer.decode(ids);
  }

  /** The sha-256 that names the bundle, hex. */
  public String bundleId() {
    return bundle.bundleId();
  }

  /** Ends what still runs and frees everything. */
  @Override
  public void close() {
    link.close();
    uploads.close();
    encoder.close();
    tokenizer.close();
  }

  private void requireLength(int positions) {
    int most = bundle.encoder().maxPositions();
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

  private GenerationTerms terms(GenerateOptions options) {
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
            : OptionalLong.of(sampling.seed().orElseGet(SEEDS::nextLong));
    return new GenerationTerms(
        bundle.bundleId(),
        bundle.codec().resolve(options.codec()),
        bundle.tokens().vocabulary(),
        tokens,
        options.research().wantLogits(),
        options.stops(),
        seed);
  }

  private Open openMessage(int positions, GenerationTerms terms, GenerateOptions options) {
    dev.cleave.v1.Sampling.Builder sampling = dev.cleave.v1.Sampling.newBuilder();
    if (terms.seed().isPresent()) {
      sampling
          .setTemperature(options.sampling().temperature())
          .setTopK(options.sampling().topK())
          .setTopP(options.sampling().topP())
          .setSeed(terms.seed().getAsLong());
    }
    return WireCodec.of(terms.codec().spec())
        .putInto(Open.newBuilder())
        .setBundleId(ByteString.copyFrom(HexFormat.of().parseHex(bundle.bundleId())))
        .setPromptPositions(positions)
        .setMaxNewTokens(terms.maxNewTokens())
        .setSampling(sampling)
        .setIgnoreEos(options.research().ignoreEos())
        .setWantLogits(terms.wantLogits())
        .build();
  }

  private static StreamTerms streamTerms(GenerationTerms terms, GenerateOptions options) {
    Optional<Duration> deadline = options.deadline();
    return new StreamTerms(deadline, Math.addExact(MESSAGE_BYTES, terms.logitsBytes()));
  }

  private static CleaveException closed() {
    return CleaveException.fatal(Code.CLOSED, "this client is closed", "open another one");
  }
}

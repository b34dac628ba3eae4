package dev.cleave.edge;

import dev.cleave.edge.engine.EncoderShape;
import dev.cleave.edge.engine.LowerShape;
import dev.cleave.edge.engine.OrtLowerEngine;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.hat.EncoderEngines;
import dev.cleave.edge.journal.JournalFolder;
import dev.cleave.edge.journal.SessionId;
import dev.cleave.edge.journal.SessionJournal;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.edge.replay.ReplayLink;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.split.bundle.SplitPoint;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;

/**
 * The SDK: text in, streamed text out. It tokenizes and computes on this device and sends hidden
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

  private final DeviceBundle bundle;
  private final HfTokenizer tokenizer;
  private final DeviceHalf half;
  private final ReplayLink replay;
  private final Optional<ChatFiles> chat;

  private CleaveClient(
      DeviceFiles files, HfTokenizer tokenizer, DeviceHalf half, ReplayLink replay) {
    this.bundle = files.bundle();
    this.tokenizer = tokenizer;
    this.half = half;
    this.replay = replay;
    this.chat = files.chat();
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
    DeviceFiles files = DeviceFiles.open(root, options.trust());
    HfTokenizer tokenizer = HfTokenizer.open(files.tokenizer(), files.bundle().tokens().skip());
    DecoderLink plain = GrpcDecoderLink.to(options.connection());
    ReplayLink replay = ReplayLink.of(plain, options.recovery());
    DecoderLink link = options.recovery().enabled() ? replay : plain;
    try {
      return new CleaveClient(files, tokenizer, half(files, options, tokenizer, link), replay);
    } catch (RuntimeException e) {
      link.close();
      tokenizer.close();
      throw e;
    }
  }

  private static DeviceHalf half(
      DeviceFiles files, ClientOptions options, HfTokenizer tokenizer, DecoderLink link) {
    EncoderShape shape = files.bundle().shape();
    return switch (files.split()) {
      case SplitPoint.EncoderDecoder() ->
          new EncoderHalf(
              files.bundle(),
              tokenizer,
              new EncoderEngines(files.half(), shape, options.threads()).open(options.engine()),
              link);
      case SplitPoint.Causal it -> {
        EncoderEngines.requireCpu(options.engine());
        yield new CausalHalf(
            files.bundle(),
            tokenizer,
            OrtLowerEngine.open(
                files.graph(),
                new LowerShape(shape.width(), it.at(), shape.maxPositions()),
                options.threads()),
            link);
      }
    };
  }

  /**
   * Begins to answer {@code text}. The text is tokenized and checked before this returns; encoding
   * and sending go on while the caller iterates.
   */
  public Generation generate(String text, GenerateOptions options) {
    return generateFromIds(promptOf(text), options);
  }

  /** The ids of {@code text}, which is not empty. */
  public int[] promptOf(String text) {
    if (text.isBlank()) {
      throw CleaveException.fatal(
          Code.INPUT, "the text is empty: there is nothing to encode", "give some text");
    }
    return tokenizer.encode(text);
  }

  /** Begins to answer a prompt that is tokenized already, as parity tests need. */
  public Generation generateFromIds(int[] ids, GenerateOptions options) {
    return half.generate(ids, options);
  }

  /**
   * As {@link #generateFromIds(int[], GenerateOptions)}, and written down as it comes, each token
   * before the caller gets it, so that another process may {@link #resume} it should this one die.
   * The journal is erased when the answer has ended, well, cancelled or closed, and kept when it
   * has failed or was {@linkplain Generation#leave left}. No drafts are made: how many pay is a
   * matter of time, and the answer must come about the same way once more.
   */
  public Generation generateFromIds(int[] ids, GenerateOptions options, JournalFolder journals) {
    Sampling sampling = options.sampling();
    GenerateOptions same =
        options
            .withDrafts(0)
            .withSampling(
                sampling.greedy() || sampling.seed().isPresent()
                    ? sampling
                    : sampling.withSeed(SEEDS.nextLong()));
    SessionJournal journal = journals.begin(new Beginning(bundleId(), ids, same).toBytes());
    return recorded(journal, ids, same);
  }

  /**
   * Goes on with an answer that a process has begun and not ended, from its first token: what came
   * before is read from the journal, what follows comes from a server, which is given what the
   * other process had sent. A process that still has the session loses it on the server.
   *
   * @param id of the session
   * @param deadline the longest the rest may take
   * @throws CleaveException when there is no such session, it is in use, or of another key or
   *     bundle
   */
  public Generation resume(JournalFolder journals, SessionId id, Optional<Duration> deadline) {
    SessionJournal journal = journals.open(id);
    try {
      Beginning beginning = Beginning.parse(journal.beginning());
      beginning.requireBundle(id, bundleId());
      GenerateOptions options = beginning.options();
      return recorded(
          journal,
          beginning.ids(),
          deadline.isPresent() ? options.withDeadline(deadline.get()) : options);
    } catch (RuntimeException e) {
      journal.close();
      throw e;
    }
  }

  private Generation recorded(SessionJournal journal, int[] ids, GenerateOptions options) {
    boolean isNew = journal.past().isEmpty();
    try {
      return half.generate(ids, options, replay.recording(journal)).of(journal.id());
    } catch (RuntimeException e) {
      if (isNew) {
        journal.erase();
      }
      throw e;
    }
  }

  /**
   * A new conversation of many turns, on a decoder-only model. Nothing is sent yet.
   *
   * @throws CleaveException when the bundle's model is of another kind, or there is no memory
   */
  public CausalSession openSession(SessionOptions options) {
    return half.openSession(options);
  }

  /** The boundary tensor of {@code text}, for researchers; nothing is sent. */
  public HiddenStates encode(String text) {
    return encodeIds(tokenizer.encode(text));
  }

  /** The boundary tensor of these ids; nothing is sent. */
  public HiddenStates encodeIds(int[] ids) {
    return half.encode(ids);
  }

  /** The ids of {@code text}, with the special tokens that the model expects. */
  public int[] tokenize(String text) {
    return tokenizer.encode(text);
  }

  /** The text of these ids, without special tokens. */
  public String decode(int[] ids) {
    return tokenizer.decode(ids);
  }

  /** The tokenizer; it is closed with this client. */
  public HfTokenizer tokenizer() {
    return tokenizer;
  }

  /** How conversations are written; empty where the model has no template for them. */
  public Optional<ChatFiles> chat() {
    return chat;
  }

  /** What computes on this device: {@code ort}, {@code hat} or {@code hat-sim}. */
  public String engine() {
    return half.engine();
  }

  /** The sha-256 that names the bundle, hex. */
  public String bundleId() {
    return bundle.bundleId();
  }

  /** Ends what still runs and frees everything. */
  @Override
  public void close() {
    replay.close();
    half.close();
    tokenizer.close();
  }
}

package dev.cleave.edge;

import dev.cleave.edge.causal.SplitSession;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.LowerEngine;
import dev.cleave.edge.engine.LowerSession;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderLink;
import dev.cleave.edge.text.HfTokenizer;
import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The lower layers here, the upper ones on the server: both take part in each step. */
final class CausalHalf implements DeviceHalf {
  private static final SecureRandom SEEDS = new SecureRandom();

  /** Bounds what the engine needs for the attention of one computation. */
  private static final int ENCODE_POSITIONS = 256;

  private final DeviceBundle bundle;
  private final HfTokenizer tokenizer;
  private final LowerEngine engine;
  private final DecoderLink link;
  private final Set<CausalSession> sessions = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;
  private final ExecutorService prompts =
      // Platform threads: the engine computes in native code and would hold a carrier thread.
      Executors.newThreadPerTaskExecutor(
          Thread.ofPlatform().daemon().name("cleave-prompt-", 0).factory());

  /** Takes the engine over; the rest is borrowed until {@link #close}. */
  CausalHalf(DeviceBundle bundle, HfTokenizer tokenizer, LowerEngine engine, DecoderLink link) {
    this.bundle = bundle;
    this.tokenizer = tokenizer;
    this.engine = engine;
    this.link = link;
  }

  @Override
  public String engine() {
    return EngineChoice.ORT.text();
  }

  @Override
  public Generation generate(int[] ids, GenerateOptions options) {
    return generate(ids, options, link);
  }

  /** A session for this one answer, with no more room than that takes. */
  @Override
  public Generation generate(int[] ids, GenerateOptions options, DecoderLink over) {
    int tokens = GenerationTerms.of(bundle, options, SEEDS::nextLong).maxNewTokens();
    requirePrompt(ids.length);
    CausalSession session = open((int) Math.min((long) ids.length + tokens, most()), over);
    try {
      return session.generateAndClose(ids, options);
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  @Override
  public CausalSession openSession(SessionOptions options) {
    int positions = options.positions().orElse(most());
    if (positions > most()) {
      throw CleaveException.fatal(
          Code.INPUT,
          "a session of %d positions was asked for and this bundle allows %d"
              .formatted(positions, most()),
          "ask for fewer, or split the model with a larger limit");
    }
    return open(positions, link);
  }

  private CausalSession open(int positions, DecoderLink over) {
    SplitSession split = SplitSession.open(engine, over, prompts, positions);
    CausalSession session =
        new CausalSession(split, bundle, tokenizer, SEEDS.nextLong(), sessions::remove);
    sessions.add(session);
    if (closed) {
      session.close();
      throw CleaveException.fatal(Code.CLOSED, "this client is closed", "open another one");
    }
    return session;
  }

  @Override
  public HiddenStates encode(int[] ids) {
    if (ids.length < 1 || ids.length > most()) {
      throw prompt(ids.length, most());
    }
    try (LowerSession session = engine.open(ids.length);
        Arena arena = Arena.ofConfined()) {
      FloatBuffer hidden = Tensors.floats(arena, (long) ids.length * engine.width());
      LongBuffer tokens = new TokenIds(ids).toBuffer(arena);
      for (int done = 0; done < ids.length; done += ENCODE_POSITIONS) {
        int count = Math.min(ENCODE_POSITIONS, ids.length - done);
        session.append(tokens.slice(done, count), hidden.position(done * engine.width()));
      }
      FloatBuffer copy = FloatBuffer.allocate(hidden.capacity()).put(hidden.rewind()).flip();
      return new HiddenStates(ids.length, engine.width(), copy);
    }
  }

  @Override
  public void close() {
    closed = true;
    sessions.forEach(CausalSession::close);
    prompts.close();
    engine.close();
  }

  private int most() {
    return bundle.shape().maxPositions();
  }

  private void requirePrompt(int positions) {
    if (positions < 1 || positions >= most()) {
      throw prompt(positions, most() - 1);
    }
  }

  private static CleaveException prompt(int positions, int most) {
    return CleaveException.fatal(
        Code.INPUT,
        "the prompt has %d positions and this bundle takes from 1 to %d".formatted(positions, most),
        positions < 1
            ? "give some text"
            : "shorten the text, or split the model with a larger limit");
  }
}

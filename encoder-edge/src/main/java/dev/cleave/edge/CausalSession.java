package dev.cleave.edge;

import dev.cleave.edge.causal.SessionTerms;
import dev.cleave.edge.causal.SplitSession;
import dev.cleave.edge.causal.Turn;
import dev.cleave.edge.causal.TurnTerms;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.text.HfTokenizer;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A conversation of many turns on a decoder-only model, made by {@link CleaveClient#openSession}.
 * It holds the ids of all turns and, with the server, the KV of both halves, so that a turn
 * computes and sends only what is new: the ids given to it and the last token answered, which
 * nobody has fed to the model yet. Where the server has dropped the session, the next turn opens
 * another and computes all from the ids again.
 *
 * <p>One turn at a time: a turn begins when the {@link Generation} before has ended or was closed,
 * else {@link IllegalStateException}. Any thread may begin it, iterate it or take positions back;
 * {@link #close} may come from any thread at any time and ends the turn.
 *
 * <p>A turn that ends keeps in {@link #ids()} what was given and what was answered, without the
 * token that ended the answer. One that is cancelled keeps what has come. One that fails leaves the
 * conversation as it was before.
 */
public final class CausalSession implements AutoCloseable {
  private final SplitSession session;
  private final DeviceBundle bundle;
  private final HfTokenizer tokenizer;
  private final long seed;
  private final Consumer<CausalSession> onClose;

  CausalSession(
      SplitSession session,
      DeviceBundle bundle,
      HfTokenizer tokenizer,
      long seed,
      Consumer<CausalSession> onClose) {
    this.session = session;
    this.bundle = bundle;
    this.tokenizer = tokenizer;
    this.seed = seed;
    this.onClose = onClose;
  }

  /**
   * Adds these ids to the conversation and begins to answer. Computing begins at once, sending as
   * the caller iterates.
   *
   * <p>Sampling, codec, drafts and logits belong to the stream: a turn that asks for others than
   * the turn before opens a new one and pays for computing the whole conversation again. Without a
   * seed all turns share one that was drawn for the session.
   *
   * @param newIds may be empty where there are ids already: the last is answered once more
   * @throws CleaveException when there is nothing to answer, or no room for it
   */
  public Generation generate(int[] newIds, GenerateOptions options) {
    GenerationTerms terms = terms(options);
    return generation(
        terms, session.begin(newIds, sessionTerms(terms, options), turn(terms, options)), () -> {});
  }

  /**
   * Begins to answer a whole conversation. What it has in common with {@link #ids()} from the first
   * position on is kept, the rest of those is taken back, and only what is new is computed and
   * sent.
   */
  public Generation generateFrom(int[] conversation, GenerateOptions options) {
    GenerationTerms terms = terms(options);
    return generation(
        terms,
        session.beginWith(conversation, sessionTerms(terms, options), turn(terms, options)),
        () -> {});
  }

  /** As {@link #generate}; the session closes with the answer's end. */
  Generation generateAndClose(int[] ids, GenerateOptions options) {
    GenerationTerms terms = terms(options);
    return generation(
        terms, session.begin(ids, sessionTerms(terms, options), turn(terms, options)), this::close);
  }

  /**
   * Takes back all from this position on, as to answer once more or to edit what was said.
   *
   * @param position in {@code [0, length()]}
   */
  public void truncate(int position) {
    session.truncate(position);
  }

  /** Ids so far, of prompts and answers. */
  public int length() {
    return session.length();
  }

  /** Positions there is room for. */
  public int capacity() {
    return session.capacity();
  }

  /** The ids so far, of prompts and answers. A copy. */
  public int[] ids() {
    return session.ids();
  }

  /** Ends the turn that goes on, and frees the KV of both sides. Idempotent. */
  @Override
  public void close() {
    session.close();
    onClose.accept(this);
  }

  private GenerationTerms terms(GenerateOptions options) {
    return GenerationTerms.of(bundle, options, () -> seed);
  }

  private SessionTerms sessionTerms(GenerationTerms terms, GenerateOptions options) {
    return new SessionTerms(
        terms
            .open(options.sampling())
            .setPromptPositions(session.capacity())
            .setStepPositions(1 + options.drafts())
            .build(),
        terms.codec(),
        terms.vocabulary());
  }

  private TurnTerms turn(GenerationTerms terms, GenerateOptions options) {
    return new TurnTerms(
        terms.maxNewTokens(),
        options.research().ignoreEos() ? Set.of() : bundle.tokens().end(),
        options.drafts(),
        options.deadline());
  }

  private Generation generation(GenerationTerms terms, Turn turn, Runnable atEnd) {
    return new Generation(
        new TurnTokens(terms, turn, session.capacity(), atEnd),
        terms.stops(),
        tokenizer.detokenizer());
  }
}

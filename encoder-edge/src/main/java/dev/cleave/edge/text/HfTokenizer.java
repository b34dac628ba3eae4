package dev.cleave.edge.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * The tokenizer of a Hugging Face {@code tokenizer.json}, with its normaliser, template and
 * decoder; it neither truncates nor pads. Thread-safe: the native tokenizer is read-only after
 * loading.
 */
public final class HfTokenizer implements AutoCloseable {
  static {
    // The library reports its use to its makers' server and may fetch libraries over the network,
    // unless told otherwise before its first use. A device that sends nothing but hidden states
    // cannot have that.
    setIfAbsent("OPT_OUT_TRACKING", "true");
    setIfAbsent("ai.djl.offline", "true");
    setIfAbsent("RUST_FLAVOR", "cpu");
  }

  private final HuggingFaceTokenizer tokenizer;
  private final TokenizerFile facts;
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private boolean closed;

  private HfTokenizer(HuggingFaceTokenizer tokenizer, TokenizerFile facts) {
    this.tokenizer = tokenizer;
    this.facts = facts;
  }

  /**
   * Loads the tokenizer; the caller closes it.
   *
   * @param skipTokenIds ids that have no text, beside those that the file calls special
   */
  public static HfTokenizer open(Path tokenizerJson, Set<Integer> skipTokenIds) {
    try {
      TokenizerFile facts = TokenizerFile.read(tokenizerJson, skipTokenIds);
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              tokenizerJson, Map.of("truncation", "false", "padding", "false"));
      return new HfTokenizer(tokenizer, facts);
    } catch (IOException | RuntimeException e) {
      throw CleaveException.fatal(
              Code.BUNDLE,
              "could not load the tokenizer from %s".formatted(tokenizerJson),
              "split the model again to get a whole bundle")
          .causedBy(e);
    }
  }

  /** The ids of {@code text}, with the special tokens that the model's template adds. */
  public int[] encode(String text) {
    // Half a surrogate pair has no UTF-8, and what the native side makes of it is its own affair.
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw CleaveException.fatal(
          Code.INPUT, "the text holds half a character (an unpaired surrogate)", "mend the text");
    }
    long[] ids = whileOpen(() -> tokenizer.encode(text, true, false).getIds());
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  /** The text of all {@code ids} at once; special tokens and unknown ids have none. */
  public String decode(int[] ids) {
    long[] wide = Arrays.stream(ids).filter(this::isVisible).asLongStream().toArray();
    return wide.length == 0 ? "" : whileOpen(() -> tokenizer.decode(wide, true));
  }

  /** One more than the largest id this tokenizer knows; the model's head may be wider. */
  public int vocabulary() {
    return facts.vocabulary();
  }

  /** A detokeniser for one answer. */
  public StreamingDetokenizer detokenizer() {
    return new StreamingDetokenizer(this);
  }

  /** Whether the id has text of its own. */
  boolean isVisible(int id) {
    return facts.isKnown(id) && !facts.isSpecial(id);
  }

  boolean isBytePiece(int id) {
    return facts.isBytePiece(id);
  }

  @Override
  public void close() {
    gate.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        tokenizer.close();
      }
    } finally {
      gate.writeLock().unlock();
    }
  }

  /** Keeps the native tokenizer from being freed under a call. */
  private <T> T whileOpen(Supplier<T> call) {
    gate.readLock().lock();
    try {
      if (closed) {
        throw CleaveException.fatal(
            Code.CLOSED, "the tokenizer is closed", "open the client again");
      }
      return call.get();
    } finally {
      gate.readLock().unlock();
    }
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}

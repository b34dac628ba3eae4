package dev.cleave.edge.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

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

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final TokenizerFile facts;
  private final SpecialSplitter splitter;
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();

  /** Knows no special token; made when a text first asks for it. */
  private @Nullable HuggingFaceTokenizer literal;

  private boolean closed;

  private HfTokenizer(Path file, HuggingFaceTokenizer tokenizer, TokenizerFile facts) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.facts = facts;
    this.splitter = new SpecialSplitter(facts.specialTokens());
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
      return new HfTokenizer(tokenizerJson, tokenizer, facts);
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
    return encode(text, true);
  }

  /**
   * The ids of a text that has its special tokens written in it, as a chat template writes them;
   * none are added.
   */
  public int[] encodeWritten(String text) {
    return encode(text, false);
  }

  /**
   * The ids of such a text in which parts are somebody's words: where a special token's text stands
   * with {@code guard} in it, it is encoded as the words it is made of, without the guard.
   *
   * @param guard a character that is not of the text
   * @throws CleaveException when this tokenizer cannot encode the parts of a text by themselves as
   *     it would within the text
   */
  public int[] encodeWritten(String text, char guard) {
    if (text.indexOf(guard) < 0) {
      return encodeWritten(text);
    }
    // The parts between special tokens are encoded one by one, which most tokenizers do anyway.
    // Whether this one does is seen on the same text with the guard for an ordinary character.
    String harmless = text.replace(guard, '-');
    int[] ids = encodeParts(text.replace(String.valueOf(guard), ""), splitter.split(text, guard));
    int[] parts = encodeParts(harmless, splitter.split(harmless, guard));
    if (!Arrays.equals(parts, encodeWritten(harmless))) {
      throw specialText();
    }
    return ids;
  }

  /** The texts that stand for special tokens, the longest first. */
  public List<String> specialTexts() {
    return splitter.texts();
  }

  private int[] encodeParts(String whole, List<SpecialSplitter.Part> parts) {
    requireWhole(whole);
    return whileOpen(() -> {
      HuggingFaceTokenizer words = literal();
      IntStream.Builder ids = IntStream.builder();
      for (SpecialSplitter.Part part : parts) {
        switch (part) {
          case SpecialSplitter.Special(int id) -> ids.add(id);
          case SpecialSplitter.Words(String text) -> {
            for (long id : words.encode(text, false, false).getIds()) {
              if (facts.isSpecial(Math.toIntExact(id))) {
                throw specialText(); // the vocabulary has it as a word
              }
              ids.add(Math.toIntExact(id));
            }
          }
        }
      }
      return ids.build().toArray();
    });
  }

  private static CleaveException specialText() {
    return CleaveException.fatal(
        Code.INPUT,
        "a message holds the text of a special token, which this tokenizer cannot tell from one",
        "write it otherwise, for instance with a space in it");
  }

  private synchronized HuggingFaceTokenizer literal() {
    HuggingFaceTokenizer made = literal;
    if (made == null) {
      try {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = (ObjectNode) mapper.readTree(file.toFile());
        ArrayNode kept = mapper.createArrayNode();
        for (JsonNode token : root.path("added_tokens")) {
          if (!facts.isSpecial(token.path("id").asInt())) {
            kept.add(token);
          }
        }
        root.set("added_tokens", kept);
        root.putNull("post_processor");
        made =
            HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(mapper.writeValueAsBytes(root)),
                Map.of("truncation", "false", "padding", "false"));
      } catch (IOException | RuntimeException e) {
        throw CleaveException.fatal(
                Code.BUNDLE,
                "could not load the tokenizer from %s without its special tokens".formatted(file),
                "split the model again to get a whole bundle")
            .causedBy(e);
      }
      literal = made;
    }
    return made;
  }

  private int[] encode(String text, boolean addSpecialTokens) {
    requireWhole(text);
    long[] ids = whileOpen(() -> tokenizer.encode(text, addSpecialTokens, false).getIds());
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  private static void requireWhole(String text) {
    // Half a surrogate pair has no UTF-8, and what the native side makes of it is its own affair.
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw CleaveException.fatal(
          Code.INPUT, "the text holds half a character (an unpaired surrogate)", "mend the text");
    }
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
        if (literal != null) {
          literal.close();
        }
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

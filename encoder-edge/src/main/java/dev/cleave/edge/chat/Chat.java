package dev.cleave.edge.chat;

import dev.cleave.edge.CausalSession;
import dev.cleave.edge.ChatFiles;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.SessionOptions;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.HfTokenizer;
import dev.cleave.edge.text.StopScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with a model. The history stays on this device; of each turn only what neither
 * half has computed is computed and sent. Confined to one thread, but for the {@link Generation}s,
 * which anybody may cancel.
 *
 * <pre>{@code
 * try (CleaveClient cleave = CleaveClient.open(Path.of("smollm"), "127.0.0.1:7431");
 *     Chat chat = Chat.open(cleave, SessionOptions.defaults())) {
 *   chat.say("What is the capital of France?", GenerateOptions.defaults())
 *       .forEach(System.out::print);
 * }
 * }</pre>
 */
public final class Chat implements AutoCloseable {
  /** Positions kept free for an answer whose length nobody has limited. */
  private static final int USUAL_ROOM = 256;

  private final CausalSession session;
  private final HfTokenizer tokenizer;
  private final ChatHistory history;
  private @Nullable Generation answer;
  private List<String> stops = List.of();
  private int dropped;

  private Chat(CausalSession session, HfTokenizer tokenizer, ChatTemplate template) {
    this.session = session;
    this.tokenizer = tokenizer;
    this.history = new ChatHistory(new ChatEncoder(template, tokenizer), session.capacity());
  }

  /**
   * An empty conversation; the caller closes it, before the client. Nothing is sent yet.
   *
   * @throws CleaveException when the bundle's model does not converse, or there is no memory
   */
  public static Chat open(CleaveClient client, SessionOptions options) {
    CausalSession session = client.openSession(options);
    try {
      return new Chat(session, client.tokenizer(), template(client));
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /**
   * The template of a client's bundle.
   *
   * @throws CleaveException when it has none, or one that cannot be used
   */
  public static ChatTemplate template(CleaveClient client) {
    ChatFiles files =
        client
            .chat()
            .orElseThrow(() ->
                CleaveException.fatal(
                    Code.INPUT,
                    "the bundle has no chat template: its model was not trained to converse,"
                        + " or its folder had none",
                    "use generate, or split a model with a chat_template.jinja"));
    try {
      return ChatTemplate.of(
          Files.readString(files.template()), files.bosToken(), files.eosToken());
    } catch (IOException e) {
      throw CleaveException.fatal(
              Code.BUNDLE,
              "could not read the chat template %s".formatted(files.template()),
              "split the model again to get a whole bundle")
          .causedBy(e);
    }
  }

  /** The ids that ask a model's template for an answer to one message. */
  public static int[] prompt(CleaveClient client, List<ChatMessage> messages) {
    return new ChatEncoder(template(client), client.tokenizer()).write(messages, null).ids();
  }

  /**
   * Says something and begins to answer. The answer belongs to the conversation as far as it came
   * when the next thing is said; where it failed, or nobody iterated to its end, neither it nor the
   * question does.
   *
   * @throws CleaveException when there is nothing to answer, or it is too long
   */
  public Generation say(String text, GenerateOptions options) {
    settle();
    if (text.isBlank()) {
      throw CleaveException.fatal(
          Code.INPUT, "the message is empty: there is nothing to answer", "say something");
    }
    int room = Math.min(options.maxNewTokens().orElse(USUAL_ROOM), session.capacity() / 4);
    ChatHistory.Prompt prompt = history.ask(text, Math.max(1, room));
    dropped = prompt.dropped();
    stops = options.stops();
    try {
      Generation begun = session.generateFrom(prompt.written().ids(), options);
      answer = begun;
      return begun;
    } catch (RuntimeException e) {
      history.failed();
      throw e;
    }
  }

  /** How many messages were forgotten for want of room when the last thing was said. */
  public int dropped() {
    return dropped;
  }

  /** The conversation so far, without an answer that is still coming. */
  public List<ChatMessage> messages() {
    settle();
    return history.messages();
  }

  /** What the model is told first from now on; null for what its template says. */
  public void tell(@Nullable String system) {
    settle();
    history.tell(system);
  }

  /** Forgets what was said. */
  public void reset() {
    settle();
    history.clear();
  }

  /**
   * Takes the last question and its answer back.
   *
   * @return whether there was one
   */
  public boolean undo() {
    settle();
    return history.undo();
  }

  /** Ends the answer that is coming, and frees the KV of both halves. Idempotent. */
  @Override
  public void close() {
    session.close();
  }

  /** Takes the answer that came into the history. */
  private void settle() {
    Generation last = answer;
    if (last == null) {
      return;
    }
    answer = null;
    last.close();
    if (!last.finished()) {
      history.failed();
      return;
    }
    int[] ids = last.tokenIds();
    String whole = tokenizer.decode(ids);
    StopScanner scanner = new StopScanner(stops);
    String text = scanner.push(whole) + scanner.finish();
    history.answered(text, text.equals(whole) ? ids : null);
  }
}

package dev.cleave.edge.chat;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was said so far, and how it is put to the model. It stays on this device. Confined to one
 * thread.
 */
final class ChatHistory {
  private final ChatEncoder encoder;
  private final int capacity;
  private @Nullable String system;
  private final List<ChatMessage> turns = new ArrayList<>();
  private ChatEncoder.@Nullable Written asked;
  private ChatEncoder.@Nullable Written known;

  /**
   * An empty history.
   *
   * @param capacity the most positions of a conversation, answers included
   */
  ChatHistory(ChatEncoder encoder, int capacity) {
    this.encoder = encoder;
    this.capacity = capacity;
  }

  /**
   * What to compute for an answer.
   *
   * @param written the whole conversation
   * @param dropped messages that had to go, the oldest first
   */
  record Prompt(ChatEncoder.Written written, int dropped) {}

  /** The conversation so far, what the model was told first included. */
  List<ChatMessage> messages() {
    List<ChatMessage> all = new ArrayList<>();
    if (system != null) {
      all.add(ChatMessage.system(system));
    }
    all.addAll(turns);
    return all;
  }

  /** What the model is told first from now on; null for what its template says. */
  void tell(@Nullable String text) {
    system = text;
    known = null;
  }

  /** Forgets what was said, but not what the model is told first. */
  void clear() {
    turns.clear();
    known = null;
  }

  /**
   * Takes the last question and its answer back.
   *
   * @return whether there was one
   */
  boolean undo() {
    if (turns.isEmpty()) {
      return false;
    }
    do {
      turns.removeLast();
    } while (!turns.isEmpty() && turns.getLast().role().equals("user"));
    known = null;
    return true;
  }

  /**
   * Adds a question. Where the conversation is too long the oldest messages are forgotten, until a
   * quarter of the room is free, so that not every later turn has to be computed from its start.
   *
   * @param room positions to leave for the answer
   * @throws CleaveException when the question alone is too long; the history is then as it was
   */
  Prompt ask(String text, int room) {
    List<ChatMessage> before = List.copyOf(turns);
    turns.add(ChatMessage.user(text));
    try {
      ChatEncoder.Written written = encoder.write(messages(), known);
      int dropped = 0;
      if (written.length() + room > capacity) {
        int goal = Math.max(1, Math.min(capacity - room, capacity * 3 / 4));
        while (written.length() > goal && turns.size() > 1) {
          do {
            turns.removeFirst();
            dropped++;
          } while (!turns.getFirst().role().equals("user"));
          written = encoder.write(messages(), null);
        }
        if (written.length() + room > capacity) {
          throw tooLong(written.length(), room);
        }
      }
      asked = written;
      return new Prompt(written, dropped);
    } catch (CleaveException e) {
      turns.clear();
      turns.addAll(before);
      throw e;
    }
  }

  /** The question was not answered: it is as if it had not been asked. */
  void failed() {
    turns.removeLast();
    asked = null;
  }

  /**
   * The answer to what was asked.
   *
   * @param ids as they were sampled, where they are {@code text}; else null
   */
  void answered(String text, int @Nullable [] ids) {
    turns.add(ChatMessage.assistant(text));
    ChatEncoder.Written prompt = asked;
    known = prompt == null || ids == null ? null : encoder.answered(prompt, messages(), ids);
    asked = null;
  }

  private CleaveException tooLong(int positions, int room) {
    return CleaveException.fatal(
        Code.INPUT,
        "the message makes %d positions, and with %d for an answer a conversation may have %d"
            .formatted(positions, room, capacity),
        "shorten it, or split the model with a larger --max-prompt-tokens");
  }
}

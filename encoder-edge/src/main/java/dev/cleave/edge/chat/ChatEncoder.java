package dev.cleave.edge.chat;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.text.HfTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Conversations as token ids. What a template writes around the messages becomes special tokens;
 * what people wrote never does: in a message {@code <|im_end|>} is six or seven tokens of ordinary
 * text and ends nothing.
 *
 * <p>How: before a template is rendered, special texts within messages get a character in them that
 * nobody uses (a Unicode noncharacter). Where the tokenizer meets it the special text is taken
 * literally. Messages without such text are encoded as transformers does. Thread-safe.
 */
final class ChatEncoder {
  private static final char FIRST_GUARD = '\uFDD0';
  private static final char LAST_GUARD = '\uFDEF';

  private final ChatTemplate template;
  private final HfTokenizer tokenizer;

  ChatEncoder(ChatTemplate template, HfTokenizer tokenizer) {
    this.template = template;
    this.tokenizer = tokenizer;
  }

  /** A conversation as text, with guards, and as ids. Immutable. */
  static final class Written {
    private final String text;
    private final int[] ids;

    private Written(String text, int[] ids) {
      this.text = text;
      this.ids = ids;
    }

    int[] ids() {
      return ids.clone();
    }

    int length() {
      return ids.length;
    }
  }

  /**
   * Writes a conversation up to where an answer begins.
   *
   * @param known what was written and answered before; where the conversation begins with it, its
   *     ids stay what they were, since a model may have spelt a word otherwise than a tokenizer
   */
  Written write(List<ChatMessage> messages, @Nullable Written known) {
    char guard = guard(messages);
    List<ChatMessage> guarded =
        messages.stream()
            .map(it -> new ChatMessage(it.role(), guard(it.content(), guard)))
            .toList();
    String text = template.render(guarded, true);
    if (known != null && text.startsWith(known.text)) {
      String rest = text.substring(known.text.length());
      // Only at a special token do two encodings join as one would go on.
      if (tokenizer.specialTexts().stream().anyMatch(rest::startsWith)) {
        int[] more = tokenizer.encodeWritten(rest, guard);
        return new Written(text, join(known.ids, more));
      }
    }
    return new Written(text, tokenizer.encodeWritten(text, guard));
  }

  /**
   * What stands after an answer.
   *
   * @param messages the last is the answer
   * @param ids of the answer, as they were sampled
   */
  Written answered(Written prompt, List<ChatMessage> messages, int[] ids) {
    String answer = guard(messages.getLast().content(), guard(messages));
    return new Written(prompt.text + answer, join(prompt.ids, ids));
  }

  private static int[] join(int[] first, int[] second) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }

  /** A character that occurs in none of the messages. */
  private static char guard(List<ChatMessage> messages) {
    for (char c = FIRST_GUARD; c <= LAST_GUARD; c++) {
      char it = c;
      if (messages.stream().noneMatch(message -> message.content().indexOf(it) >= 0)) {
        return it;
      }
    }
    throw CleaveException.fatal(
        Code.INPUT, "the messages hold all 32 Unicode noncharacters", "leave them out");
  }

  private String guard(String content, char guard) {
    String text = content;
    for (String special : tokenizer.specialTexts()) {
      int within = Character.charCount(special.codePointAt(0));
      if (special.length() > within) {
        text =
            text.replace(special, special.substring(0, within) + guard + special.substring(within));
      } else if (text.contains(special)) {
        throw CleaveException.fatal(
            Code.INPUT,
            "a message holds the character of a special token, U+%04X"
                .formatted(special.codePointAt(0)),
            "leave it out");
      }
    }
    return text;
  }
}

package dev.cleave.edge.text;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a text at its special tokens, as tokenizers do before all else: the leftmost first, and of
 * those the longest. Immutable.
 */
final class SpecialSplitter {
  private final List<TokenizerFile.AddedToken> tokens;

  /** A splitter at these, the longest first. */
  SpecialSplitter(List<TokenizerFile.AddedToken> tokens) {
    this.tokens = List.copyOf(tokens);
  }

  /** A special token, or what stands between two. */
  sealed interface Part {}

  /**
   * A special token.
   *
   * @param id its id
   */
  record Special(int id) implements Part {}

  /**
   * Ordinary text.
   *
   * @param text not empty
   */
  record Words(String text) implements Part {}

  List<String> texts() {
    return tokens.stream().map(TokenizerFile.AddedToken::text).toList();
  }

  /** The parts in order; {@code guard} separates what is no special token and is then dropped. */
  List<Part> split(String text, char guard) {
    List<Part> parts = new ArrayList<>();
    int from = 0;
    boolean stripStart = false;
    for (int at = 0; at <= text.length(); at++) {
      TokenizerFile.AddedToken token = tokenAt(text, at);
      if (token == null && at < text.length()) {
        continue;
      }
      String words = text.substring(from, at).replace(String.valueOf(guard), "");
      words = stripStart ? words.stripLeading() : words;
      words = token != null && token.lstrip() ? words.stripTrailing() : words;
      if (!words.isEmpty()) {
        parts.add(new Words(words));
      }
      if (token == null) {
        break;
      }
      parts.add(new Special(token.id()));
      stripStart = token.rstrip();
      from = at + token.text().length();
      at = from - 1;
    }
    return parts;
  }

  private TokenizerFile.@Nullable AddedToken tokenAt(String text, int at) {
    for (TokenizerFile.AddedToken token : tokens) {
      if (text.startsWith(token.text(), at)) {
        return token;
      }
    }
    return null;
  }
}

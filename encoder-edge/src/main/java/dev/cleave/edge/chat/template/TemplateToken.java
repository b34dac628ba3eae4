package dev.cleave.edge.chat.template;

import java.util.ArrayList;
import java.util.List;

/**
 * A token of an expression.
 *
 * @param kind what it is
 * @param text as it stands in the template; of a string, its value
 */
record TemplateToken(Kind kind, String text) {
  private static final List<String> PAIRS = List.of("==", "!=", "<=", ">=", "//");
  private static final String SINGLES = "+-*%<>=~|.,:()[]{}";

  enum Kind {
    NAME,
    NUMBER,
    STRING,
    OPERATOR
  }

  boolean is(String operatorOrName) {
    return kind != Kind.STRING && text.equals(operatorOrName);
  }

  boolean isName() {
    return kind == Kind.NAME;
  }

  /**
   * Splits an expression.
   *
   * @param line of its beginning, for refusals
   */
  static List<TemplateToken> split(String source, int line) {
    List<TemplateToken> tokens = new ArrayList<>();
    int at = 0;
    while (at < source.length()) {
      char c = source.charAt(at);
      int from = at;
      if (Character.isWhitespace(c)) {
        at++;
      } else if (c == '\'' || c == '"') {
        at = endOfString(source, at, line);
        tokens.add(
            new TemplateToken(Kind.STRING, unescape(source.substring(from + 1, at - 1), line)));
      } else if (Character.isLetter(c) || c == '_') {
        while (at < source.length() && Character.isJavaIdentifierPart(source.charAt(at))) {
          at++;
        }
        tokens.add(new TemplateToken(Kind.NAME, source.substring(from, at)));
      } else if (Character.isDigit(c)) {
        while (at < source.length() && isNumberPart(source, at)) {
          at++;
        }
        tokens.add(new TemplateToken(Kind.NUMBER, source.substring(from, at)));
      } else {
        at += operatorLength(source, at, line);
        tokens.add(new TemplateToken(Kind.OPERATOR, source.substring(from, at)));
      }
    }
    return tokens;
  }

  /** The place after the string that begins at {@code at}. */
  static int endOfString(String source, int at, int line) {
    char quote = source.charAt(at);
    for (int i = at + 1; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == quote) {
        return i + 1;
      }
    }
    throw TemplateFailure.at(line, "a string without an end");
  }

  private static boolean isNumberPart(String source, int at) {
    char c = source.charAt(at);
    return Character.isDigit(c)
        || (c == '.' && at + 1 < source.length() && Character.isDigit(source.charAt(at + 1)));
  }

  private static int operatorLength(String source, int at, int line) {
    if (at + 1 < source.length() && PAIRS.contains(source.substring(at, at + 2))) {
      return 2;
    }
    if (SINGLES.indexOf(source.charAt(at)) < 0) {
      throw TemplateFailure.at(line, "'%s'".formatted(source.charAt(at)));
    }
    return 1;
  }

  /** As Python reads the inside of a string literal. */
  private static String unescape(String raw, int line) {
    StringBuilder text = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '\\' || i + 1 == raw.length()) {
        text.append(c);
        continue;
      }
      char escaped = raw.charAt(++i);
      switch (escaped) {
        case 'n' -> text.append('\n');
        case 't' -> text.append('\t');
        case 'r' -> text.append('\r');
        case '\\', '\'', '"' -> text.append(escaped);
        case '\n' -> {} // a line that goes on
        case 'x', 'u', 'U' -> {
          int digits = escaped == 'x' ? 2 : escaped == 'u' ? 4 : 8;
          text.appendCodePoint(hex(raw, i + 1, digits, line));
          i += digits;
        }
        case 'a', 'b', 'f', 'v', 'N', '0', '1', '2', '3', '4', '5', '6', '7' ->
            throw TemplateFailure.at(line, "the escape \\%s in a string".formatted(escaped));
        default -> text.append('\\').append(escaped);
      }
    }
    return text.toString();
  }

  private static int hex(String raw, int from, int digits, int line) {
    if (from + digits <= raw.length()) {
      try {
        int value = Integer.parseUnsignedInt(raw.substring(from, from + digits), 16);
        if (Character.isValidCodePoint(value)) {
          return value;
        }
      } catch (NumberFormatException e) {
        // refused below
      }
    }
    throw TemplateFailure.at(line, "a broken escape in a string");
  }
}

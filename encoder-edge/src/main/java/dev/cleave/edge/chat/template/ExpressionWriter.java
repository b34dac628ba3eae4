package dev.cleave.edge.chat.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the expressions of a template as the engine reads them, and remembers what they use.
 * Confined to one rewriting.
 */
final class ExpressionWriter {
  private static final String STRING_PREFIX = "cleave_string_";

  /** Words that are operators to the engine and names to Jinja. */
  private static final Set<String> FOREIGN =
      Set.of("empty", "instanceof", "div", "mod", "null", "eq", "ne", "lt", "gt", "le", "ge");

  private final Map<String, String> strings = new HashMap<>();
  private final Set<String> filters = new HashSet<>();
  private final Set<String> tests = new HashSet<>();
  private int line;

  /** The line of what is written next, for refusals. */
  void at(int number) {
    line = number;
  }

  /** The template with this text and with all that was written here. */
  TemplateSource source(String text) {
    return new TemplateSource(text, strings, filters, tests);
  }

  /** The name of the variable that stands for a string. */
  String hoist(String value) {
    String name = STRING_PREFIX + strings.size();
    strings.put(name, value);
    return name;
  }

  /** What is printed goes through a filter that writes it as Python does. */
  String printed(List<TemplateToken> tokens) {
    return "( " + expression(tokens) + " ) | " + TemplateSource.PRINTED;
  }

  /** An expression. */
  String expression(List<TemplateToken> tokens) {
    if (tokens.isEmpty()) {
      throw refuse("an empty expression");
    }
    List<String> words = new ArrayList<>();
    write(tokens, 0, tokens.size(), words);
    return String.join(" ", words).replace(" . ", ".");
  }

  private void write(List<TemplateToken> tokens, int from, int to, List<String> words) {
    for (int i = from; i < to; i++) {
      TemplateToken token = tokens.get(i);
      TemplateToken before = i > from ? tokens.get(i - 1) : null;
      if (token.kind() == TemplateToken.Kind.STRING) {
        words.add(hoist(token.text()));
      } else if (token.isName() && before != null && before.is(".")) {
        words.add(token.text());
      } else if (token.is("not") && (before == null || !before.is("is")) && !isNotIn(tokens, i)) {
        int end = endOfOperand(tokens, i + 1, to, Set.of("and", "or", "if", "else", "=", ":"));
        words.add("not (");
        write(tokens, i + 1, end, words);
        words.add(")");
        i = end - 1;
      } else if (token.is("=")) {
        int end = endOfOperand(tokens, i + 1, to, Set.of());
        words.add("= (");
        write(tokens, i + 1, end, words);
        words.add(")");
        i = end - 1;
      } else if (token.is("[") && isSubscript(before)) {
        i = subscript(tokens, i, to, words);
      } else {
        TemplateToken second = i > from + 1 ? tokens.get(i - 2) : null;
        words.add(name(token, before, second));
      }
    }
  }

  private String name(
      TemplateToken token, @Nullable TemplateToken before, @Nullable TemplateToken second) {
    if (token.isName()) {
      boolean test =
          before != null
              && (before.is("is") || (before.is("not") && second != null && second.is("is")));
      if (token.text().startsWith("cleave_")
          || token.text().startsWith("____")
          || (!test && FOREIGN.contains(token.text()))) {
        throw refuse("the name '%s'".formatted(token.text()));
      }
      if (test && !token.is("not")) {
        tests.add(token.text());
      } else if (before != null && before.is("|")) {
        filters.add(token.text());
      }
      return switch (token.text()) {
        case "True" -> "true";
        case "False" -> "false";
        case "None" -> "none";
        default -> token.text();
      };
    }
    return token.text();
  }

  private static boolean isNotIn(List<TemplateToken> tokens, int not) {
    return not > 0 && not + 1 < tokens.size() && tokens.get(not + 1).is("in");
  }

  private static boolean isSubscript(@Nullable TemplateToken before) {
    if (before == null) {
      return false;
    }
    return switch (before.kind()) {
      case STRING -> true;
      case NUMBER -> false;
      case OPERATOR -> before.is(")") || before.is("]");
      case NAME -> !Set.of("in", "and", "or", "not", "if", "else", "is").contains(before.text());
    };
  }

  /** Writes {@code [index]} or a slice and returns the place of its closing bracket. */
  private int subscript(List<TemplateToken> tokens, int open, int to, List<String> words) {
    int close = endOfOperand(tokens, open + 1, to, Set.of(), false);
    if (close == to) {
      throw refuse("a '[' without ']'");
    }
    List<Integer> colons = new ArrayList<>();
    int depth = 0;
    for (int i = open + 1; i < close; i++) {
      depth += nesting(tokens.get(i));
      if (depth == 0 && tokens.get(i).is(":")) {
        colons.add(i);
      }
    }
    if (colons.isEmpty()) {
      words.add("[");
      write(tokens, open + 1, close, words);
      words.add("]");
      return close;
    }
    words.add("." + TemplateSource.SLICE + "(");
    int from = open + 1;
    for (int part = 0; part < 3; part++) {
      int end = part < colons.size() ? colons.get(part) : close;
      boolean given = part <= colons.size() && end > from;
      if (given) {
        write(tokens, from, end, words);
      } else {
        words.add("none");
      }
      words.add(part < 2 ? "," : ")");
      from = part < colons.size() ? end + 1 : close;
    }
    return close;
  }

  private static int endOfOperand(List<TemplateToken> tokens, int from, int to, Set<String> stops) {
    return endOfOperand(tokens, from, to, stops, true);
  }

  /** Where what begins at {@code from} ends: at a closing bracket, a comma, or one of the stops. */
  private static int endOfOperand(
      List<TemplateToken> tokens, int from, int to, Set<String> stops, boolean atComma) {
    int depth = 0;
    for (int i = from; i < to; i++) {
      TemplateToken token = tokens.get(i);
      depth += nesting(token);
      if (depth < 0) {
        return i;
      }
      boolean name = i > from && tokens.get(i - 1).is(".");
      if (depth == 0 && !name && nesting(token) == 0) {
        if ((atComma && token.is(",")) || stops.stream().anyMatch(token::is)) {
          return i;
        }
      }
    }
    return to;
  }

  /** What a token adds to the depth of brackets. */
  static int nesting(TemplateToken token) {
    if (token.kind() != TemplateToken.Kind.OPERATOR) {
      return 0;
    }
    return switch (token.text()) {
      case "(", "[", "{" -> 1;
      case ")", "]", "}" -> -1;
      default -> 0;
    };
  }

  private TemplateFailure refuse(String what) {
    return TemplateFailure.at(line, what);
  }
}

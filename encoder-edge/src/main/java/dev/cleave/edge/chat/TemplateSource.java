package dev.cleave.edge.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A template as the engine can render it. Chat templates are written for Python's Jinja; what the
 * engine reads otherwise, or not at all, is rewritten here, and what cannot be rewritten is refused
 * by its line, since an engine that guesses sends the model a prompt that nobody wrote:
 *
 * <ul>
 *   <li>strings become variables, so that their escapes are Python's;
 *   <li>{@code not a == b} becomes {@code not (a == b)}, as Python binds it;
 *   <li>{@code f(a=1, b=x|length - 1)} becomes {@code f(a=(1), b=(x|length - 1))};
 *   <li>{@code x[a:b:c]} becomes a call that {@link PythonValues} answers;
 *   <li>{@code generation} blocks, which mark text for training, are transparent.
 * </ul>
 *
 * <p>Lines stay where they are, so that errors name them. Immutable.
 *
 * @param text the rewritten template
 * @param strings its string literals by the names of the variables that stand for them
 * @param filters the names of the filters that it uses
 * @param tests the names of the tests that it uses
 */
record TemplateSource(
    String text, Map<String, String> strings, Set<String> filters, Set<String> tests) {
  static final String SLICE = "cleave_slice";
  static final String PRINTED = "cleave_printed";
  private static final String STRING_PREFIX = "cleave_string_";

  /** Words that are operators to the engine and names to Jinja. */
  private static final Set<String> FOREIGN =
      Set.of("empty", "instanceof", "div", "mod", "null", "eq", "ne", "lt", "gt", "le", "ge");

  TemplateSource {
    strings = Map.copyOf(strings);
    filters = Set.copyOf(filters);
    tests = Set.copyOf(tests);
  }

  static TemplateSource rewrite(String template) {
    // As Jinja reads: one kind of line end, and none at the end of the template.
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    return new Rewriter(source).run();
  }

  private static final class Rewriter {
    private final String source;
    private final StringBuilder out = new StringBuilder();
    private final Map<String, String> strings = new HashMap<>();
    private final Set<String> filters = new HashSet<>();
    private final Set<String> tests = new HashSet<>();
    private final Deque<Block> blocks = new ArrayDeque<>();
    private int loops;
    private int line = 1;

    Rewriter(String source) {
      this.source = source;
    }

    TemplateSource run() {
      int at = 0;
      boolean lineStart = true;
      char before = 0; // the mark at the end of the tag before
      boolean trimLine = false;
      while (true) {
        int open = nextOpening(at);
        String text = source.substring(at, open);
        String kept = text;
        if (before == '-') {
          kept = PythonText.strip(kept, null, true, false);
        } else if (trimLine && kept.startsWith("\n")) {
          kept = kept.substring(1);
          lineStart = true;
        }
        if (open == source.length()) {
          out.append(verbatim(kept));
          break;
        }
        line += lines(text);
        char kind = source.charAt(open + 1);
        int close =
            kind == '#' ? endOfComment(open + 2) : closing(open + 2, kind == '{' ? "}}" : "%}");
        String inside = source.substring(open + 2, close);
        char left = mark(inside, 0);
        inside = left == 0 ? inside : inside.substring(1);
        before = mark(inside, inside.length() - 1);
        inside = before == 0 ? inside : inside.substring(0, inside.length() - 1);
        if (left == '-') {
          kept = PythonText.strip(kept, null, false, true);
        } else if (left == 0 && kind != '{') {
          kept = withoutIndent(kept, lineStart);
        }
        out.append(verbatim(kept));
        // What was cut had lines, which the engine is to count.
        out.append("{#").append("\n".repeat(lines(text) - lines(kept))).append("#}");
        if (kind == '#') {
          out.append("{#").append("\n".repeat(lines(inside))).append("#}");
        } else {
          List<TemplateToken> tokens = TemplateToken.split(inside, line);
          String written = kind == '{' ? printed(tokens) : statement(tokens);
          out.append('{').append(kind).append(' ').append(written);
          out.append("\n".repeat(lines(inside))).append(' ');
          out.append(kind == '{' ? "}}" : "%}");
        }
        line += lines(inside);
        trimLine = kind != '{' && before != '+';
        lineStart = false;
        at = close + 2;
      }
      if (!blocks.isEmpty()) {
        throw refuse("a block '%s' without an end".formatted(blocks.peek().name()));
      }
      return new TemplateSource(out.toString(), strings, filters, tests);
    }

    private static int lines(String text) {
      return (int) text.chars().filter(c -> c == '\n').count();
    }

    /** Text that the engine could take for a tag stands in a variable. */
    private String verbatim(String text) {
      boolean plain = text.chars().noneMatch(c -> c == '{' || c == '}' || c == '%' || c == '#');
      return plain ? text : "{{ " + hoist(text) + "\n".repeat(lines(text)) + " }}";
    }

    /** As lstrip_blocks: white space between the beginning of a line and a block goes. */
    private static String withoutIndent(String text, boolean lineStart) {
      int begin = text.lastIndexOf('\n') + 1;
      boolean wholeLine = begin > 0 || lineStart;
      return wholeLine && text.substring(begin).chars().allMatch(PythonText::isSpace)
          ? text.substring(0, begin)
          : text;
    }

    private int nextOpening(int from) {
      for (int i = from; i + 1 < source.length(); i++) {
        if (source.charAt(i) == '{' && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
          return i;
        }
      }
      return source.length();
    }

    private int endOfComment(int from) {
      int close = source.indexOf("#}", from);
      if (close < 0) {
        throw refuse("a comment without an end");
      }
      return close;
    }

    /** The mark there, which keeps or removes white space beside the tag; 0 for none. */
    private static char mark(String inside, int at) {
      if (at < 0 || at >= inside.length()) {
        return 0;
      }
      char c = inside.charAt(at);
      return c == '-' || c == '+' ? c : 0;
    }

    /** Where the tag ends, not counting what looks like an end inside a string. */
    private int closing(int from, String end) {
      int depth = 0;
      for (int i = from; i < source.length(); i++) {
        char c = source.charAt(i);
        if (c == '\'' || c == '"') {
          i = TemplateToken.endOfString(source, i, line) - 1;
        } else if (depth == 0 && source.startsWith(end, i)) {
          return i;
        } else if (c == '{' || c == '[' || c == '(') {
          depth++;
        } else if (c == '}' || c == ']' || c == ')') {
          depth--;
        }
      }
      throw refuse("a tag without an end");
    }

    private String statement(List<TemplateToken> tokens) {
      if (tokens.isEmpty()) {
        throw refuse("an empty tag");
      }
      String name = tokens.getFirst().text();
      List<TemplateToken> rest = tokens.subList(1, tokens.size());
      switch (name) {
        case "if", "for", "macro", "generation" -> blocks.push(new Block(name, out.length()));
        case "endif", "endfor", "endmacro", "endset", "endgeneration" -> pop(name.substring(3));
        case "else", "elif" -> {
          if (blocks.isEmpty() || !blocks.peek().name().equals("if")) {
            throw refuse("'%s' outside of an if".formatted(name));
          }
        }
        case "set", "break", "continue" -> {}
        default -> throw refuse("the tag '%s'".formatted(name));
      }
      return switch (name) {
        case "set" -> "set " + assignment(rest);
        case "for" -> "for " + loop(rest);
        case "macro" -> "macro " + macro(rest);
        case "generation" -> "if true";
        case "endgeneration" -> "endif";
        case "if", "elif" -> name + " " + expression(rest);
        default -> {
          if (!rest.isEmpty()) {
            throw refuse("'%s' with something after it".formatted(name));
          }
          yield name;
        }
      };
    }

    private void pop(String name) {
      if (blocks.isEmpty() || !blocks.peek().name().equals(name)) {
        throw refuse("'end%s' where nothing of that name is open".formatted(name));
      }
      Block block = blocks.pop();
      if (block.name().equals("for")) {
        scope(block);
      }
    }

    /** What a loop sets is forgotten after each round; the engine would keep it for the next. */
    private void scope(Block loop) {
      int number = loops++;
      StringBuilder keep = new StringBuilder();
      StringBuilder restore = new StringBuilder();
      for (String name : loop.assigned()) {
        String kept = "cleave_outer_" + number + "_" + name;
        keep.append("{% set ").append(kept).append(" = ").append(name).append(" %}");
        restore.append("{% set ").append(name).append(" = ").append(kept).append(" %}");
      }
      int body = out.indexOf("%}", loop.at()) + 2;
      out.insert(body, restore);
      out.insert(loop.at(), keep);
    }

    private void assign(String name) {
      for (Block block : blocks) {
        if (block.name().equals("for") || block.name().equals("macro")) {
          block.assigned().add(name);
          return;
        }
      }
    }

    /** {@code name = expression}, {@code name.field = expression}, or {@code name} of a block. */
    private String assignment(List<TemplateToken> tokens) {
      int equals = 0;
      while (equals < tokens.size() && !tokens.get(equals).is("=")) {
        equals++;
      }
      StringBuilder target = new StringBuilder();
      for (TemplateToken token : tokens.subList(0, equals)) {
        if (!token.isName() && !token.is(".")) {
          throw refuse("a 'set' of more than one name");
        }
        target.append(token.text());
      }
      if (target.indexOf(".") < 0) {
        assign(target.toString());
      }
      if (equals == tokens.size()) {
        blocks.push(new Block("set", out.length()));
        return target.toString();
      }
      return target + " = " + expression(tokens.subList(equals + 1, tokens.size()));
    }

    private String loop(List<TemplateToken> tokens) {
      int in = 0;
      while (in < tokens.size() && !tokens.get(in).is("in")) {
        in++;
      }
      if (in == tokens.size()) {
        throw refuse("a 'for' without 'in'");
      }
      StringBuilder names = new StringBuilder();
      tokens.subList(0, in).forEach(token -> names.append(token.text()));
      List<TemplateToken> over = tokens.subList(in + 1, tokens.size());
      if (over.stream().anyMatch(token -> token.is("recursive"))) {
        throw refuse("a recursive 'for'");
      }
      // A filtered loop would count otherwise; many templates have one where they speak of tools.
      String each = isFiltered(over) ? "cleave_filtered_loop()" : expression(over);
      return names + " in " + each;
    }

    private static boolean isFiltered(List<TemplateToken> over) {
      int depth = 0;
      for (TemplateToken token : over) {
        depth += nesting(token);
        if (depth == 0 && token.is("else")) {
          return false;
        }
      }
      depth = 0;
      for (TemplateToken token : over) {
        depth += nesting(token);
        if (depth == 0 && token.is("if")) {
          return true;
        }
      }
      return false;
    }

    private String macro(List<TemplateToken> tokens) {
      StringBuilder head = new StringBuilder();
      for (TemplateToken token : tokens) {
        head.append(token.kind() == TemplateToken.Kind.STRING ? hoist(token.text()) : token.text());
      }
      return head.toString();
    }

    private String hoist(String value) {
      String name = STRING_PREFIX + strings.size();
      strings.put(name, value);
      return name;
    }

    /** What is printed goes through a filter that writes it as Python does. */
    private String printed(List<TemplateToken> tokens) {
      return "( " + expression(tokens) + " ) | " + PRINTED;
    }

    private String expression(List<TemplateToken> tokens) {
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
      words.add("." + SLICE + "(");
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

    private static int endOfOperand(
        List<TemplateToken> tokens, int from, int to, Set<String> stops) {
      return endOfOperand(tokens, from, to, stops, true);
    }

    /**
     * Where what begins at {@code from} ends: at a closing bracket, a comma, or one of the stops.
     */
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

    private static int nesting(TemplateToken token) {
      if (token.kind() != TemplateToken.Kind.OPERATOR) {
        return 0;
      }
      return switch (token.text()) {
        case "(", "[", "{" -> 1;
        case ")", "]", "}" -> -1;
        default -> 0;
      };
    }

    /**
     * A block that is open.
     *
     * @param name its tag
     * @param at where the tag was written
     * @param assigned the variables set in it, outside of blocks with scopes of their own
     */
    private record Block(String name, int at, Set<String> assigned) {
      Block(String name, int at) {
        this(name, at, new TreeSet<>());
      }
    }

    private TemplateFailure refuse(String what) {
      return new TemplateFailure("line %d has %s".formatted(line, what));
    }
  }
}

package dev.cleave.edge.chat.template;

import java.util.List;

/** Rewrites one template, tag by tag: see {@link TemplateSource}. Confined to one thread. */
final class TemplateRewriter {
  private final String source;
  private final StringBuilder out = new StringBuilder();
  private final ExpressionWriter expressions = new ExpressionWriter();
  private final OpenBlocks blocks = new OpenBlocks(out);
  private int line = 1;

  TemplateRewriter(String source) {
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
        expressions.at(line);
        List<TemplateToken> tokens = TemplateToken.split(inside, line);
        String written = kind == '{' ? expressions.printed(tokens) : statement(tokens);
        out.append('{').append(kind).append(' ').append(written);
        out.append("\n".repeat(lines(inside))).append(' ');
        out.append(kind == '{' ? "}}" : "%}");
      }
      line += lines(inside);
      trimLine = kind != '{' && before != '+';
      lineStart = false;
      at = close + 2;
    }
    String open = blocks.innermost();
    if (open != null) {
      throw refuse("a block '%s' without an end".formatted(open));
    }
    return expressions.source(out.toString());
  }

  private static int lines(String text) {
    return (int) text.chars().filter(c -> c == '\n').count();
  }

  /** Text that the engine could take for a tag stands in a variable. */
  private String verbatim(String text) {
    boolean plain = text.chars().noneMatch(c -> c == '{' || c == '}' || c == '%' || c == '#');
    return plain ? text : "{{ " + expressions.hoist(text) + "\n".repeat(lines(text)) + " }}";
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
      case "if", "for", "macro", "generation" -> blocks.push(name);
      case "endif", "endfor", "endmacro", "endset", "endgeneration" -> pop(name.substring(3));
      case "else", "elif" -> {
        if (!blocks.isIn("if")) {
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
      case "if", "elif" -> name + " " + expressions.expression(rest);
      default -> {
        if (!rest.isEmpty()) {
          throw refuse("'%s' with something after it".formatted(name));
        }
        yield name;
      }
    };
  }

  private void pop(String name) {
    if (!blocks.isIn(name)) {
      throw refuse("'end%s' where nothing of that name is open".formatted(name));
    }
    blocks.pop();
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
      blocks.assign(target.toString());
    }
    if (equals == tokens.size()) {
      blocks.push("set");
      return target.toString();
    }
    return target + " = " + expressions.expression(tokens.subList(equals + 1, tokens.size()));
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
    String each = isFiltered(over) ? "cleave_filtered_loop()" : expressions.expression(over);
    return names + " in " + each;
  }

  private static boolean isFiltered(List<TemplateToken> over) {
    int depth = 0;
    for (TemplateToken token : over) {
      depth += ExpressionWriter.nesting(token);
      if (depth == 0 && token.is("else")) {
        return false;
      }
    }
    depth = 0;
    for (TemplateToken token : over) {
      depth += ExpressionWriter.nesting(token);
      if (depth == 0 && token.is("if")) {
        return true;
      }
    }
    return false;
  }

  private String macro(List<TemplateToken> tokens) {
    StringBuilder head = new StringBuilder();
    for (TemplateToken token : tokens) {
      head.append(
          token.kind() == TemplateToken.Kind.STRING
              ? expressions.hoist(token.text())
              : token.text());
    }
    return head.toString();
  }

  private TemplateFailure refuse(String what) {
    return TemplateFailure.at(line, what);
  }
}

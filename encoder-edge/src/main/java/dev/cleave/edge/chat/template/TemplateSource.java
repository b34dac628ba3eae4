package dev.cleave.edge.chat.template;

import java.util.Map;
import java.util.Set;

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

  TemplateSource {
    strings = Map.copyOf(strings);
    filters = Set.copyOf(filters);
    tests = Set.copyOf(tests);
  }

  static TemplateSource rewrite(String template) {
    // As Jinja reads: one kind of line end, and none at the end of the template.
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    return new TemplateRewriter(source).run();
  }
}

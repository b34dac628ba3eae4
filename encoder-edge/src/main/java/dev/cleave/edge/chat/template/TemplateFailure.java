package dev.cleave.edge.chat.template;

/**
 * What a template may not do or cannot be done for it; caught where rendering begins, which adds
 * the line. Not an {@link IllegalArgumentException}: the template engine takes those for "no such
 * property" and goes on.
 */
public final class TemplateFailure extends RuntimeException {
  TemplateFailure(String message) {
    super(message);
  }

  /** The refusal of what stands in a line. */
  static TemplateFailure at(int line, String what) {
    return new TemplateFailure("line %d has %s".formatted(line, what));
  }
}

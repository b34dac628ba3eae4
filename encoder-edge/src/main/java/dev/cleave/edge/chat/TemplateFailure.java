package dev.cleave.edge.chat;

/**
 * What a template may not do or cannot be done for it; caught where rendering begins, which adds
 * the line. Not an {@link IllegalArgumentException}: the template engine takes those for "no such
 * property" and goes on.
 */
final class TemplateFailure extends RuntimeException {
  TemplateFailure(String message) {
    super(message);
  }
}

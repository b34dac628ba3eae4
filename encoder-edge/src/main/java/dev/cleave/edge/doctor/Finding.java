package dev.cleave.edge.doctor;

/**
 * One thing that was looked at.
 *
 * @param key what it is about: one lower-case word or two with a dash, the same in every release
 * @param text what was seen, on one line
 * @param fix the command or move that changes it; empty where there is nothing to do
 */
public record Finding(String key, Level level, String text, String fix) {
  public Finding {
    if (!key.matches("[a-z]+(-[a-z]+)*")) {
      throw new IllegalArgumentException("a key is lower-case words with dashes: " + key);
    }
    text = text.strip().replaceAll("\\R", " ");
  }

  static Finding ok(String key, String text) {
    return new Finding(key, Level.OK, text, "");
  }

  static Finding warning(String key, String text, String fix) {
    return new Finding(key, Level.WARNING, text, fix);
  }

  static Finding problem(String key, String text, String fix) {
    return new Finding(key, Level.PROBLEM, text, fix);
  }

  static Finding notThere(String key, String text, String fix) {
    return new Finding(key, Level.NOT_THERE, text, fix);
  }
}

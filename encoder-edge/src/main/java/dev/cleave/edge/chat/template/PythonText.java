package dev.cleave.edge.chat.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Python's methods of strings and lists do, for those that chat templates call. */
final class PythonText {
  /** The most characters that one value may have. */
  static final int MAX_LENGTH = 1 << 24;

  private PythonText() {}

  static Object call(String text, String method, Object[] arguments) {
    return switch (method) {
      case "strip" -> strip(text, characters(method, arguments), true, true);
      case "lstrip" -> strip(text, characters(method, arguments), true, false);
      case "rstrip" -> strip(text, characters(method, arguments), false, true);
      case "startswith" -> text.startsWith(string(method, arguments, 0, 1));
      case "endswith" -> text.endsWith(string(method, arguments, 0, 1));
      case "split" -> split(text, arguments);
      case "replace" ->
          replace(text, string(method, arguments, 0, 2), string(method, arguments, 1, 2));
      case "upper" -> none(method, arguments, text.toUpperCase(java.util.Locale.ROOT));
      case "lower" -> none(method, arguments, text.toLowerCase(java.util.Locale.ROOT));
      case "title" -> none(method, arguments, title(text));
      case "capitalize" -> none(method, arguments, capitalize(text));
      default -> throw new TemplateFailure("calls the method '%s' of a string".formatted(method));
    };
  }

  /** As {@code str.strip}: Unicode white space, or any of {@code characters}. */
  static String strip(String text, @Nullable String characters, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && isStripped(text.codePointAt(from), characters)) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (right && to > from && isStripped(text.codePointBefore(to), characters)) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  static boolean isSpace(int c) {
    // Python's str.isspace: what Java's two methods say together, and NEL
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static String title(String text) {
    StringBuilder result = new StringBuilder(text.length());
    boolean within = false;
    for (int c : text.codePoints().toArray()) {
      result.appendCodePoint(within ? Character.toLowerCase(c) : Character.toTitleCase(c));
      within = Character.isLetter(c);
    }
    return result.toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    String rest = text.substring(Character.charCount(first)).toLowerCase(java.util.Locale.ROOT);
    return Character.toString(Character.toTitleCase(first)) + rest;
  }

  static String replace(String text, String target, String replacement) {
    long growth = Math.max(0, replacement.length() - target.length());
    long places = target.isEmpty() ? text.length() + 1L : text.length() / target.length();
    if (text.length() + growth * places > MAX_LENGTH) {
      throw new TemplateFailure("makes a text of more than %d characters".formatted(MAX_LENGTH));
    }
    return text.replace(target, replacement);
  }

  /** {@code value[from:to:step]} of a string or a list; null where a part is left out. */
  static Object slice(
      Object value, @Nullable Object from, @Nullable Object to, @Nullable Object by) {
    int[] points = value instanceof String text ? text.codePoints().toArray() : new int[0];
    List<?> items = value instanceof List<?> list ? list : List.of();
    int length = value instanceof String ? points.length : items.size();
    int step = by == null ? 1 : integer(by);
    if (step == 0) {
      throw new TemplateFailure("takes a slice with step 0");
    }
    int start = from == null ? (step > 0 ? 0 : length - 1) : bound(integer(from), length, step);
    int end = to == null ? (step > 0 ? length : -1) : bound(integer(to), length, step);
    StringBuilder text = new StringBuilder();
    List<Object> list = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      if (value instanceof String) {
        text.appendCodePoint(points[(int) i]);
      } else {
        list.add(items.get((int) i));
      }
    }
    return value instanceof String ? text.toString() : list;
  }

  private static int bound(int index, int length, int step) {
    int absolute = index < 0 ? index + length : index;
    return step > 0 ? Math.clamp(absolute, 0, length) : Math.clamp(absolute, -1, length - 1);
  }

  static int integer(Object value) {
    if (value instanceof Long || value instanceof Integer) {
      long number = ((Number) value).longValue();
      if (number == (int) number) {
        return (int) number;
      }
    }
    throw new TemplateFailure("takes something other than a small whole number as an index");
  }

  private static List<String> split(String text, Object[] arguments) {
    if (arguments.length == 2 && arguments[0] instanceof String separator) {
      return split(text, separator, integer(arguments[1]));
    }
    String separator = characters("split", arguments);
    List<String> parts = new ArrayList<>();
    if (separator == null) {
      int from = -1;
      for (int i = 0; i <= text.length(); i++) {
        boolean space = i == text.length() || isSpace(text.charAt(i));
        if (space && from >= 0) {
          parts.add(text.substring(from, i));
          from = -1;
        } else if (!space && from < 0) {
          from = i;
        }
      }
      return parts;
    }
    return split(text, separator, -1);
  }

  private static List<String> split(String text, String separator, int most) {
    if (separator.isEmpty()) {
      throw new TemplateFailure("splits a text at nothing");
    }
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at;
        (most < 0 || parts.size() < most) && (at = text.indexOf(separator, from)) >= 0;
        from = at + separator.length()) {
      parts.add(text.substring(from, at));
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static boolean isStripped(int c, @Nullable String characters) {
    return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
  }

  private static @Nullable String characters(String method, Object[] arguments) {
    return arguments.length == 0 ? null : string(method, arguments, 0, 1);
  }

  private static String string(String method, Object[] arguments, int at, int most) {
    if (arguments.length > at && arguments.length <= most && arguments[at] instanceof String it) {
      return it;
    }
    throw new TemplateFailure("calls '%s' with other arguments than strings".formatted(method));
  }

  private static Object none(String method, Object[] arguments, Object result) {
    if (arguments.length > 0) {
      throw new TemplateFailure("calls '%s' with arguments".formatted(method));
    }
    return result;
  }
}

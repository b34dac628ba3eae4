package dev.cleave.edge.chat.template;

import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The functions that transformers gives to chat templates. Public because the engine asks it. */
@SuppressWarnings("DoNotCallSuggester") // templates call them
public final class TemplateFunctions {
  private static final List<ELFunctionDefinition> ALL =
      List.of(
          new ELFunctionDefinition(
              "", "raise_exception", TemplateFunctions.class, "raise", Object.class),
          new ELFunctionDefinition(
              "", "strftime_now", TemplateFunctions.class, "now", Object.class),
          new ELFunctionDefinition("", "range", TemplateFunctions.class, "range", Object[].class),
          new ELFunctionDefinition(
              "", "cleave_filtered_loop", TemplateFunctions.class, "filteredLoop"));

  private TemplateFunctions() {}

  static List<ELFunctionDefinition> all() {
    return ALL;
  }

  /** The template's own refusal, such as of roles that do not alternate. */
  public static Object raise(Object message) {
    throw new TemplateFailure("refuses the conversation: " + message);
  }

  /** The time here and now, as C's strftime writes it. */
  public static Object now(Object format) {
    return strftime(String.valueOf(format), LocalDateTime.now(ZoneId.systemDefault()));
  }

  /** Python's range. */
  public static List<Long> range(Object... bounds) {
    if (bounds.length < 1 || bounds.length > 3) {
      throw new TemplateFailure("calls 'range' with %d arguments".formatted(bounds.length));
    }
    long from = bounds.length == 1 ? 0 : PythonText.integer(bounds[0]);
    long to = PythonText.integer(bounds[bounds.length == 1 ? 0 : 1]);
    long step = bounds.length == 3 ? PythonText.integer(bounds[2]) : 1;
    if (step == 0 || Math.abs((to - from) / step) > TemplateEngine.MAX_ITEMS) {
      throw new TemplateFailure(
          "asks for a range of more than %d numbers".formatted(TemplateEngine.MAX_ITEMS));
    }
    List<Long> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      numbers.add(i);
    }
    return numbers;
  }

  /** Stands where a loop has a condition. */
  public static Object filteredLoop() {
    throw new TemplateFailure("has a 'for' with an 'if' in it");
  }

  static String strftime(String format, LocalDateTime time) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        text.append(c);
        continue;
      }
      boolean unpadded = format.charAt(i + 1) == '-' && i + 2 < format.length();
      i += unpadded ? 2 : 1;
      String field = field(format.charAt(i), time);
      text.append(unpadded ? field.replaceFirst("^0(?=.)", "") : field);
    }
    return text.toString();
  }

  private static String field(char code, LocalDateTime time) {
    String pattern =
        switch (code) {
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'm' -> "MM";
          case 'd' -> "dd";
          case 'H' -> "HH";
          case 'I' -> "hh";
          case 'M' -> "mm";
          case 'S' -> "ss";
          case 'p' -> "a";
          case 'B' -> "MMMM";
          case 'b' -> "MMM";
          case 'A' -> "EEEE";
          case 'a' -> "EEE";
          case 'j' -> "DDD";
          case 'F' -> "yyyy-MM-dd";
          case '%' -> "'%'";
          default -> throw new TemplateFailure("asks for the time as '%%%c'".formatted(code));
        };
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }
}

package dev.cleave.edge.chat.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Filters that the engine has otherwise than Jinja, or not. */
final class PythonFilter implements Filter {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  static final List<PythonFilter> ALL =
      List.of(
          new PythonFilter("trim", (value, more) -> PythonText.call(text(value), "strip", more)),
          new PythonFilter("upper", (value, more) -> PythonText.call(text(value), "upper", more)),
          new PythonFilter("lower", (value, more) -> PythonText.call(text(value), "lower", more)),
          new PythonFilter("title", (value, more) -> PythonText.call(text(value), "title", more)),
          new PythonFilter(
              "capitalize", (value, more) -> PythonText.call(text(value), "capitalize", more)),
          new PythonFilter(
              "replace", (value, more) -> PythonText.call(text(value), "replace", more)),
          new PythonFilter(TemplateSource.PRINTED, (value, more) -> text(value)),
          new PythonFilter("string", (value, more) -> text(value)),
          new PythonFilter("safe", (value, more) -> value),
          new PythonFilter("length", (value, more) -> length(value)),
          new PythonFilter("count", (value, more) -> length(value)),
          new PythonFilter("items", (value, more) -> items(value)),
          new PythonFilter("tojson", (value, more) -> json(value, more)));

  private final String name;
  private final BiFunction<@Nullable Object, Object[], @Nullable Object> body;

  private PythonFilter(String name, BiFunction<@Nullable Object, Object[], @Nullable Object> body) {
    this.name = name;
    this.body = body;
  }

  /** A filter that Jinja may have and we do not: refused where it is used. */
  static PythonFilter unknown(String name) {
    return new PythonFilter(
        name,
        (value, more) -> {
          throw new TemplateFailure("uses the filter '%s'".formatted(name));
        });
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public @Nullable Object filter(
      @Nullable Object value,
      JinjavaInterpreter interpreter,
      Object[] arguments,
      Map<String, Object> named) {
    if (!named.isEmpty()) {
      throw new TemplateFailure("calls the filter '%s' with named arguments".formatted(name));
    }
    return body.apply(value, arguments);
  }

  @Override
  public @Nullable Object filter(
      @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
    return body.apply(value, arguments);
  }

  static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case String text -> text;
      case Boolean it -> it ? "True" : "False";
      case Long number -> String.valueOf(number);
      case Integer number -> String.valueOf(number);
      default -> throw new TemplateFailure("writes a list or a map as text");
    };
  }

  private static long length(@Nullable Object value) {
    return switch (value) {
      case null -> 0;
      case String text -> text.codePointCount(0, text.length());
      case Collection<?> items -> items.size();
      case Map<?, ?> map -> map.size();
      default -> throw new TemplateFailure("asks for the length of something");
    };
  }

  private static List<Object> items(@Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateFailure("asks for the items of something that is no map");
    }
    List<Object> items = new ArrayList<>();
    map.forEach((key, element) -> items.add(Arrays.asList(key, element)));
    return items;
  }

  /** As {@code json.dumps(value, ensure_ascii=False)} writes it. */
  private static String json(@Nullable Object value, Object[] arguments) {
    if (arguments.length > 0) {
      throw new TemplateFailure("calls 'tojson' with arguments");
    }
    return switch (value) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(it -> json(it.getKey(), arguments) + ": " + json(it.getValue(), arguments))
              .collect(Collectors.joining(", ", "{", "}"));
      case List<?> list ->
          list.stream().map(it -> json(it, arguments)).collect(Collectors.joining(", ", "[", "]"));
      case null, default -> {
        try {
          yield MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
          throw new TemplateFailure("writes something as JSON that is none");
        }
      }
    };
  }
}

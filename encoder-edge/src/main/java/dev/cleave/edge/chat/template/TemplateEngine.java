package dev.cleave.edge.chat.template;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.Importable;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The template engine with all taken out of it that a chat template has no use for: no file, no
 * other template, no Java object, no function or filter beyond those named here. What it does is
 * counted, and it ends at a limit. Thread-safe.
 */
public final class TemplateEngine {
  /** The most tags and expressions that one rendering may evaluate. */
  private static final int MAX_NODES = 250_000;

  private static final long MAX_NANOS = 5_000_000_000L;
  private static final int MAX_DEPTH = 20;
  static final int MAX_ITEMS = 100_000;

  private static final Set<String> FUNCTIONS = Set.of("namespace");
  private static final Set<String> FILTERS =
      Set.of(
          "default",
          "d",
          "first",
          "last",
          "join",
          "list",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "reverse",
          "int");

  private static final Set<String> TESTS =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "mapping",
          "iterable",
          "sequence",
          "number",
          "integer",
          "boolean",
          "true",
          "false",
          "equalto",
          "eq",
          "==",
          "!=",
          "ne",
          "in",
          "odd",
          "even",
          "divisibleby",
          "sameas",
          "truthy",
          "gt",
          "lt",
          "ge",
          "le",
          ">",
          "<",
          ">=",
          "<=");

  private final Jinjava engine;
  private final Map<Library, Set<String>> disabled;

  private final TemplateSource source;

  private TemplateEngine(TemplateSource source) {
    this.source = source;
    engine = new Jinjava(config(Map.of(), new JinjavaProcessors[0]));
    Context context = engine.getGlobalContext();
    disabled = new HashMap<>();
    disabled.put(Library.FILTER, others(context.getAllFilters(), FILTERS));
    disabled.put(Library.EXP_TEST, others(context.getAllExpTests(), TESTS));
    disabled.put(
        Library.FUNCTION,
        context.getAllFunctions().stream()
            .filter(it -> !FUNCTIONS.contains(it.getLocalName()))
            .map(ELFunctionDefinition::getName)
            .collect(Collectors.toSet()));
    PythonFilter.ALL.forEach(filter -> {
      context.registerFilter(filter);
      disabled.get(Library.FILTER).remove(filter.getName());
    });
    TemplateFunctions.all().forEach(context::registerFunction);
    source.filters().stream()
        .filter(name -> context.getFilter(name) == null)
        .forEach(name -> context.registerFilter(PythonFilter.unknown(name)));
    source.tests().stream()
        .filter(name -> context.getExpTest(name) == null)
        .forEach(name -> context.registerExpTest(new UnknownTest(name)));
  }

  /**
   * Reads a template.
   *
   * @throws TemplateFailure when it uses what cannot be rendered
   */
  public static TemplateEngine of(String template) {
    return new TemplateEngine(TemplateSource.rewrite(template));
  }

  /**
   * Renders the template.
   *
   * @param values by their names: strings, booleans, whole numbers, lists and maps of those
   * @throws TemplateFailure with the line, for any error at all
   */
  public String render(Map<String, Object> values) {
    Map<String, Object> bindings = new HashMap<>(values);
    bindings.putAll(source.strings());
    TemplateFunctions.all().forEach(f -> bindings.put(f.getLocalName(), "function"));
    Budget budget = new Budget();
    RenderResult result;
    try {
      result =
          engine.renderForResult(
              source.text(),
              bindings,
              config(
                  disabled,
                  JinjavaProcessors.newBuilder()
                      .withNodePreProcessor((node, i) -> budget.spend())
                      .build()));
    } catch (RuntimeException | StackOverflowError e) {
      throw new TemplateFailure(budget.spent() ? Budget.MESSAGE : rootMessage(e));
    }
    if (budget.spent()) {
      throw new TemplateFailure(Budget.MESSAGE);
    }
    if (!result.getErrors().isEmpty()) {
      throw new TemplateFailure(describe(result.getErrors().getFirst()));
    }
    return result.getOutput();
  }

  private static JinjavaConfig config(
      Map<Library, Set<String>> disabled, JinjavaProcessors... processors) {
    JinjavaConfig.Builder config =
        JinjavaConfig.newBuilder()
            .withNestedInterpretationEnabled(false)
            .withEnableRecursiveMacroCalls(false)
            .withMaxRenderDepth(MAX_DEPTH)
            .withMaxOutputSize(PythonText.MAX_LENGTH)
            .withMaxStringLength(PythonText.MAX_LENGTH)
            .withMaxListSize(MAX_ITEMS)
            .withMaxMapSize(MAX_ITEMS)
            .withRangeLimit(MAX_ITEMS)
            .withDisabled(disabled)
            .withElResolver(new PythonValues())
            .withLegacyOverrides(
                LegacyOverrides.Builder.from(LegacyOverrides.ALL)
                    .withWhitespaceRequiredWithinTokens(false)
                    .build());
    for (JinjavaProcessors it : processors) {
      config.withProcessors(it);
    }
    return config.build();
  }

  private static Set<String> others(Collection<? extends Importable> all, Set<String> wanted) {
    return all.stream()
        .map(Importable::getName)
        .filter(name -> !wanted.contains(name))
        .collect(Collectors.toSet());
  }

  /** The line and, where it is ours, the reason; the engine's own words may quote a message. */
  private static String describe(TemplateError error) {
    String what =
        switch (error.getReason()) {
          case DISABLED -> "uses '%s'".formatted(error.getFieldName());
          case OUTPUT_TOO_BIG -> "writes more than %d characters".formatted(PythonText.MAX_LENGTH);
          case COLLECTION_TOO_BIG -> "makes a list of more than %d items".formatted(MAX_ITEMS);
          default -> error.getException() == null ? unread() : rootMessage(error.getException());
        };
    return error.getLineno() > 0 ? "line %d %s".formatted(error.getLineno(), what) : what;
  }

  private static String rootMessage(Throwable thrown) {
    for (Throwable at = thrown; at != null; at = at.getCause()) {
      if (at instanceof TemplateFailure failure) {
        return String.valueOf(failure.getMessage());
      }
    }
    return unread();
  }

  private static String unread() {
    return "has something that cannot be rendered";
  }

  /**
   * A test that Jinja may have and we do not: refused where it is asked.
   *
   * @param getName its name
   */
  private record UnknownTest(String getName) implements ExpTest {
    @Override
    public boolean evaluate(Object value, JinjavaInterpreter interpreter, Object... arguments) {
      throw new TemplateFailure("asks whether something is '%s'".formatted(getName));
    }
  }

  /** Nodes and time of one rendering; confined to its thread. */
  private static final class Budget {
    static final String MESSAGE =
        "loops more than %,d times or longer than %d s"
            .formatted(MAX_NODES, MAX_NANOS / 1_000_000_000);

    private final long until = System.nanoTime() + MAX_NANOS;
    private int nodes;

    void spend() {
      if (++nodes > MAX_NODES || System.nanoTime() - until > 0) {
        nodes = MAX_NODES + 1;
        throw new TemplateFailure(MESSAGE);
      }
    }

    boolean spent() {
      return nodes > MAX_NODES;
    }
  }
}

package dev.cleave.edge.chat.template;

import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * All that an expression of a template can reach: entries of maps and lists, and Python's methods
 * of strings, lists and maps. No Java object has properties or methods here, except the engine's
 * own filters and tests and the counters of a loop. Stateless.
 */
final class PythonValues extends ELResolver {
  private static final Set<String> LOOP =
      Set.of("index", "index0", "revindex", "revindex0", "first", "last", "length");

  private final JinjavaBeanELResolver engine = new JinjavaBeanELResolver(true);

  @Override
  public @Nullable Object getValue(ELContext context, Object base, Object property) {
    String name = String.valueOf(property);
    context.setPropertyResolved(true);
    return switch (base) {
      case Filter _, ExpTest _ -> null; // the engine looks here for what it then invokes
      case Map<?, ?> map -> map.get(name);
      case List<?> list -> element(list, name);
      case String text -> element(text.codePoints().mapToObj(Character::toString).toList(), name);
      case ForLoop loop when LOOP.contains(name) -> engine.getValue(context, loop, name);
      default -> throw new TemplateFailure("asks for '%s' of something".formatted(name));
    };
  }

  @Override
  public @Nullable Object invoke(
      ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
    if (base instanceof Filter || base instanceof ExpTest) {
      return engine.invoke(context, base, method, types, arguments);
    }
    String name = String.valueOf(method);
    context.setPropertyResolved(true);
    if (name.equals(TemplateSource.SLICE) && (base instanceof String || base instanceof List<?>)) {
      return PythonText.slice(base, arguments[0], arguments[1], arguments[2]);
    }
    return switch (base) {
      case String text -> PythonText.call(text, name, arguments);
      case Map<?, ?> map -> call(map, name, arguments);
      case null -> throw new TemplateFailure("calls '%s' of nothing".formatted(name));
      default -> throw new TemplateFailure("calls '%s' of something".formatted(name));
    };
  }

  private static @Nullable Object call(Map<?, ?> map, String method, Object[] arguments) {
    boolean bare = arguments.length == 0;
    if (method.equals("items") && bare) {
      List<Object> items = new ArrayList<>();
      map.forEach((key, value) -> items.add(Arrays.asList(key, value)));
      return items;
    }
    if (method.equals("keys") && bare) {
      return List.copyOf(map.keySet());
    }
    if (method.equals("values") && bare) {
      return new ArrayList<Object>(map.values());
    }
    if (method.equals("get") && arguments.length >= 1 && arguments.length <= 2) {
      Object value = map.get(arguments[0]);
      return value != null || arguments.length == 1 ? value : arguments[1];
    }
    throw new TemplateFailure("calls the method '%s' of a map".formatted(method));
  }

  /** As in Jinja, what is not there is undefined. */
  private static @Nullable Object element(List<?> list, String name) {
    if (!name.matches("-?[0-9]{1,9}")) {
      return null;
    }
    int index = Integer.parseInt(name);
    int absolute = index < 0 ? index + list.size() : index;
    return absolute < 0 || absolute >= list.size() ? null : list.get(absolute);
  }

  @Override
  public @Nullable Class<?> getType(ELContext context, Object base, Object property) {
    return null;
  }

  @Override
  public void setValue(ELContext context, Object base, Object property, Object value) {
    throw new TemplateFailure("changes a value");
  }

  @Override
  public boolean isReadOnly(ELContext context, Object base, Object property) {
    return true;
  }

  @Override
  public @Nullable Iterator<FeatureDescriptor> getFeatureDescriptors(
      ELContext context, Object base) {
    return null;
  }

  @Override
  public @Nullable Class<?> getCommonPropertyType(ELContext context, Object base) {
    return null;
  }
}

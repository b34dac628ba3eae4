package dev.cleave.server.tenant;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.cleave.server.ServerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Limits as an operator writes them: an object of tenants by name, with {@code "*"} for all others.
 * What a tenant does not name is unlimited, its weight is 1.
 *
 * <pre>{@code
 * {
 *   "clinic": {"weight": 3, "sessions": 8, "requests_per_second": 5, "burst": 10},
 *   "*": {"sessions": 2, "bytes_per_second": 2000000, "prompt_positions": 512}
 * }
 * }</pre>
 */
final class TenantFile {

  private static final int MAX_BYTES = 1 << 20;
  private static final String OTHERS = "*";
  private static final Set<String> FIELDS =
      Set.of(
          "weight",
          "sessions",
          "kv_positions",
          "waiting",
          "requests_per_second",
          "burst",
          "bytes_per_second",
          "prompt_positions",
          "new_tokens");
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private TenantFile() {}

  /**
   * The text of a file.
   *
   * @throws ServerException when it cannot be read or is no file of limits by its size
   */
  static String read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw problem(file, "it has more than %d bytes".formatted(MAX_BYTES), null);
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw problem(file, "it cannot be read: check its path and its permissions", e);
    }
  }

  /**
   * What the text says.
   *
   * @throws ServerException naming the tenant and the field that is wrong
   */
  static TenantTable parse(Path file, String text) {
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw problem(
          file,
          "it is no JSON, at line %d: %s"
              .formatted(
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getOriginalMessage()),
          null);
    }
    if (root == null || !root.isObject()) {
      throw problem(file, "it must be an object of tenants by name", null);
    }
    Map<Tenant, TenantLimits> named = new HashMap<>();
    TenantLimits others = null;
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      String name = entry.getKey();
      try {
        TenantLimits limits = limits(entry.getValue());
        if (name.equals(OTHERS)) {
          others = limits;
        } else {
          named.put(new Tenant(name), limits);
        }
      } catch (IllegalArgumentException e) {
        throw problem(file, "tenant \"%s\": %s".formatted(name, e.getMessage()), null);
      }
    }
    return new TenantTable(named, others);
  }

  private static TenantLimits limits(JsonNode node) {
    if (!node.isObject()) {
      throw new IllegalArgumentException("its limits must be an object");
    }
    for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!FIELDS.contains(name)) {
        throw new IllegalArgumentException(
            "\"%s\" is no limit, these are: %s".formatted(name, String.join(", ", sorted())));
      }
    }
    double requests = node.has("requests_per_second") ? number(node, "requests_per_second") : 0;
    int burst = requests > 0 ? (int) Math.clamp(Math.ceil(requests), 1, 1 << 20) : 0;
    return new TenantLimits(
        (int) integer(node, "weight", 1, Integer.MAX_VALUE),
        new TenantLimits.Held(
            (int) integer(node, "sessions", Integer.MAX_VALUE, Integer.MAX_VALUE),
            integer(node, "kv_positions", Long.MAX_VALUE, Long.MAX_VALUE),
            (int) integer(node, "waiting", Integer.MAX_VALUE, Integer.MAX_VALUE)),
        new TenantLimits.Rates(
            requests,
            (int) integer(node, "burst", burst, Integer.MAX_VALUE),
            integer(node, "bytes_per_second", 0, Long.MAX_VALUE)),
        new TenantLimits.Sizes(
            (int) integer(node, "prompt_positions", Integer.MAX_VALUE, Integer.MAX_VALUE),
            (int) integer(node, "new_tokens", Integer.MAX_VALUE, Integer.MAX_VALUE)));
  }

  private static List<String> sorted() {
    return FIELDS.stream().sorted().toList();
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.get(name);
    if (!value.isNumber()) {
      throw new IllegalArgumentException("%s must be a number, got %s".formatted(name, value));
    }
    return value.doubleValue();
  }

  private static long integer(JsonNode node, String name, long absent, long most) {
    if (!node.has(name)) {
      return absent;
    }
    JsonNode value = node.get(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() > most) {
      throw new IllegalArgumentException(
          "%s must be a whole number up to %d, got %s".formatted(name, most, value));
    }
    return value.longValue();
  }

  private static ServerException problem(Path file, String what, @Nullable Throwable cause) {
    return new ServerException("read the limits of tenants", file.toString(), what, cause);
  }
}

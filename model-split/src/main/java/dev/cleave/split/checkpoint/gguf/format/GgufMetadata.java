package dev.cleave.split.checkpoint.gguf.format;

import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The key-value pairs of a GGUF file, asked for by type. Numbers and texts are on the heap, arrays
 * stay in the file until somebody reads them.
 */
public final class GgufMetadata {
  /** Tokens, their types and merges; the largest vocabularies in use have 262144 tokens. */
  public static final int MAX_ELEMENTS = 1 << 21;

  /** All bytes of one array of texts. */
  static final long MAX_ARRAY_BYTES = 64 << 20;

  /** One text of an array. */
  static final int MAX_ELEMENT_BYTES = 1 << 16;

  private final String file;
  private final MemorySegment memory;
  private final Map<String, Object> values;

  /**
   * Wraps what the parser found.
   *
   * @param file how refusals name it
   * @param values Long, Double, Boolean, String or {@link Elements} by key
   */
  GgufMetadata(String file, MemorySegment memory, Map<String, Object> values) {
    this.file = file;
    this.memory = memory;
    this.values = Collections.unmodifiableMap(values);
  }

  /**
   * An array that lies in the file, already walked once: its elements are whole.
   *
   * @param type of the elements
   * @param count of the elements
   * @param offset of the first one
   * @param bytes of all
   */
  record Elements(GgufValueType type, long count, long offset, long bytes) {}

  /** How refusals name the file. */
  public String file() {
    return file;
  }

  /** All keys. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Whether there is such a key. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** A text. */
  public Optional<String> text(String key) {
    return Optional.ofNullable(value(key, String.class, "a string"));
  }

  /** A flag. */
  public Optional<Boolean> flag(String key) {
    return Optional.ofNullable(value(key, Boolean.class, "a bool"));
  }

  /** A whole number of any width; one that no int holds is refused. */
  public OptionalInt integer(String key) {
    Long value = value(key, Long.class, "an integer");
    if (value == null) {
      return OptionalInt.empty();
    }
    if (value < Integer.MIN_VALUE || value > Integer.MAX_VALUE) {
      throw refused(key, "is out of range: " + value);
    }
    return OptionalInt.of(value.intValue());
  }

  /** A whole number that must be there, and be positive. */
  public int size(String key) {
    int size = integer(key).orElseThrow(() -> refused(key, "missing"));
    if (size < 1) {
      throw refused(key, "must be positive: " + size);
    }
    return size;
  }

  /** A finite number. An f32 came in by its shortest decimal, so that 1e-5 stays 1e-5. */
  public OptionalDouble number(String key) {
    Double value = value(key, Double.class, "a float");
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (!Double.isFinite(value)) {
      throw refused(key, "must be finite: " + value);
    }
    return OptionalDouble.of(value);
  }

  /** How many elements an array has; 0 when absent. */
  public long count(String key) {
    Elements elements = value(key, Elements.class, "an array");
    return elements == null ? 0 : elements.count();
  }

  /** A list of texts; empty when absent. */
  public List<String> texts(String key) {
    Elements elements = elements(key, GgufValueType.STRING);
    if (elements == null) {
      return List.of();
    }
    if (elements.bytes() > MAX_ARRAY_BYTES) {
      throw refused(key, "has " + elements.bytes() + " bytes, more than " + MAX_ARRAY_BYTES);
    }
    GgufCursor cursor = new GgufCursor(file, memory, elements.offset());
    List<String> texts = new ArrayList<>((int) elements.count());
    for (long i = 0; i < elements.count(); i++) {
      texts.add(cursor.string(MAX_ELEMENT_BYTES, key));
    }
    return texts;
  }

  /** A list of i32; null when absent. */
  public int @Nullable [] integers(String key) {
    Elements elements = elements(key, GgufValueType.I32);
    if (elements == null) {
      return null;
    }
    GgufCursor cursor = new GgufCursor(file, memory, elements.offset());
    int[] integers = new int[(int) elements.count()];
    for (int i = 0; i < integers.length; i++) {
      integers[i] = cursor.i32(key);
    }
    return integers;
  }

  /** The refusal of a key, to be thrown. */
  public CheckpointRefused refused(String key, String reason) {
    return new CheckpointRefused(file + " " + key, reason);
  }

  /** The refusal of a file that lies about a key, to be thrown. */
  public MalformedCheckpoint malformed(String key, String detail) {
    return new MalformedCheckpoint(file + " " + key, detail);
  }

  private @Nullable Elements elements(String key, GgufValueType type) {
    Elements elements = value(key, Elements.class, "an array");
    if (elements == null) {
      return null;
    }
    if (elements.type() != type) {
      throw refused(key, "must be an array of " + type + ": " + elements.type());
    }
    if (elements.count() > MAX_ELEMENTS) {
      throw refused(key, "has " + elements.count() + " elements, more than " + MAX_ELEMENTS);
    }
    return elements;
  }

  private <T> @Nullable T value(String key, Class<T> type, String wanted) {
    Object value = values.get(key);
    if (value == null) {
      return null;
    }
    if (!type.isInstance(value)) {
      throw refused(key, "must be " + wanted + ", is " + kind(value));
    }
    return type.cast(value);
  }

  private static String kind(Object value) {
    return switch (value) {
      case Elements elements -> "an array of " + elements.type();
      case String _ -> "a string";
      default -> String.valueOf(value);
    };
  }
}

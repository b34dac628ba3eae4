package dev.cleave.split.bundle;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a compiled model in {@code device/hailo/}. It says what the model is for and what is
 * in it, so that another one of the same kind and length never takes its place unnoticed.
 *
 * @param kind what runs it
 * @param positions the only length it takes
 * @param digest the first 12 digits of its sha-256
 */
public record CompiledName(Kind kind, int positions, String digest) {
  /** What runs a compiled model. */
  public enum Kind {
    /** The accelerator. */
    HEF("hef"),
    /** Its simulator. */
    SIM("sim");

    private final String extension;

    Kind(String extension) {
      this.extension = extension;
    }

    /** The end of its files' names. */
    public String extension() {
      return extension;
    }
  }

  private static final int DIGITS = 12;
  private static final String RECORD = ".json";
  private static final Pattern PATTERN =
      Pattern.compile("hailo/encoder-([1-9][0-9]{0,4})-([0-9a-f]{" + DIGITS + "})\\.(hef|sim)");

  public CompiledName {
    if (positions < 1 || positions > 99_999) {
      throw new IllegalArgumentException("positions must be in [1, 99999]: " + positions);
    }
    if (!digest.matches("[0-9a-f]{" + DIGITS + "}")) {
      throw new IllegalArgumentException("a digest must be 12 digits of lower-case hex: " + digest);
    }
  }

  /** The name that a content gets. */
  public static CompiledName of(Kind kind, int positions, byte[] content) {
    return new CompiledName(kind, positions, Sha256.hex(content).substring(0, DIGITS));
  }

  /** The name as a file of the device half; empty where it is none. */
  public static Optional<CompiledName> parse(String name) {
    Matcher matcher = PATTERN.matcher(name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Kind kind = matcher.group(3).equals("hef") ? Kind.HEF : Kind.SIM;
    return Optional.of(
        new CompiledName(kind, Integer.parseInt(matcher.group(1)), matcher.group(2)));
  }

  /** Of a model, or of the record beside it. */
  static Optional<CompiledName> ofEither(String name) {
    return parse(name.endsWith(RECORD) ? name.substring(0, name.length() - RECORD.length()) : name);
  }

  /** Whether both are for the same thing, so that one takes the other's place. */
  boolean replaces(CompiledName other) {
    return kind == other.kind && positions == other.positions;
  }

  /** Within the device half: {@code hailo/encoder-64-0123456789ab.hef}. */
  public String file() {
    return "hailo/encoder-%d-%s.%s".formatted(positions, digest, kind.extension());
  }

  /** The record beside it, of what it was compiled from. */
  public String record() {
    return file() + RECORD;
  }
}

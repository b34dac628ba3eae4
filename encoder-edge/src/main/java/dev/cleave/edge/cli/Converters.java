package dev.cleave.edge.cli;

import dev.cleave.edge.channel.Servers;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.error.CleaveException;
import java.time.Duration;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How option values are read. */
final class Converters {
  private Converters() {}

  /** {@code 500ms}, {@code 30s}, {@code 2m}, or a number of seconds. */
  static final class Durations implements ITypeConverter<Duration> {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|)");

    @Override
    public Duration convert(String value) {
      Matcher matcher = FORM.matcher(value);
      if (!matcher.matches()) {
        throw new TypeConversionException("'" + value + "' is not a time such as 500ms, 30s or 2m");
      }
      long number = Long.parseLong(matcher.group(1));
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "m" -> Duration.ofMinutes(number);
        default -> Duration.ofSeconds(number);
      };
    }
  }

  /** A codec's name, a preset's, or a rate. */
  static final class Codecs implements ITypeConverter<CodecChoice> {
    @Override
    public CodecChoice convert(String value) {
      try {
        return CodecChoice.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** The names of the codecs, for the help text. */
  static final class CodecCandidates implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return CodecChoice.names().iterator();
    }
  }

  /** An engine of the device half. */
  static final class Engines implements ITypeConverter<EngineChoice> {
    @Override
    public EngineChoice convert(String value) {
      try {
        return EngineChoice.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** The names of the engines, for the help text. */
  static final class EngineCandidates implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return EngineChoice.names().iterator();
    }
  }

  /** Where the servers are. */
  static final class ServerList implements ITypeConverter<Servers> {
    @Override
    public Servers convert(String value) {
      try {
        return Servers.parse(value);
      } catch (CleaveException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}

package dev.cleave.server.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How numbers are read: one that can mean nothing is wrong usage, by the name of its option. */
final class Converters {
  private static final double MOST_SECONDS = 1e9;

  private Converters() {}

  /** A number of things, at least 1. */
  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      if (!value.matches("0*[1-9][0-9]{0,8}")) {
        throw new TypeConversionException(
            "must be a whole number from 1 to 999999999, got '" + value + "'");
      }
      return Integer.valueOf(value);
    }
  }

  /** Seconds, above 0. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      Duration time = seconds(value);
      if (time.isZero()) {
        throw new TypeConversionException("must be above 0 seconds, got '" + value + "'");
      }
      return time;
    }
  }

  /** Seconds, or 0 for at once. */
  static final class TimeOrNone implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      return seconds(value);
    }
  }

  private static Duration seconds(String value) {
    double seconds;
    try {
      seconds = Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("must be a number of seconds, got '" + value + "'");
    }
    if (!(seconds >= 0 && seconds <= MOST_SECONDS)) {
      throw new TypeConversionException(
          "must be from 0 to %.0f seconds, got '%s'".formatted(MOST_SECONDS, value));
    }
    return Duration.ofNanos((long) (seconds * 1e9));
  }
}

package dev.cleave.server.cli;

import dev.cleave.server.telemetry.Collector;
import dev.cleave.server.telemetry.Monitoring;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How the server is watched. */
final class TelemetryOptions {

  @Option(
      names = "--metrics-host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Where /metrics, /readyz and /livez are; whoever reaches it may read them (default:"
              + " ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(
      names = "--metrics-port",
      paramLabel = "N|off",
      defaultValue = "0",
      converter = Port.class,
      description = "Their port; 0 picks a free one (default: 0).")
  private int port;

  @Option(
      names = "--otlp",
      paramLabel = "URL",
      converter = Endpoint.class,
      description =
          "Tell spans and metrics to an OpenTelemetry collector, OTLP over gRPC, such as"
              + " http://127.0.0.1:4317 (default: to none).")
  private @Nullable Collector collector;

  Monitoring monitoring() {
    return new Monitoring(host, port, Optional.ofNullable(collector));
  }

  /** A number, or off. */
  static final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      if (value.equals("off")) {
        return Monitoring.OFF;
      }
      if (!value.matches("[0-9]{1,5}")) {
        throw new TypeConversionException("must be a port number or off, got " + value);
      }
      return Integer.valueOf(value);
    }
  }

  /** A collector's address. */
  static final class Endpoint implements ITypeConverter<Collector> {
    @Override
    public Collector convert(String value) {
      try {
        return Collector.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }
}

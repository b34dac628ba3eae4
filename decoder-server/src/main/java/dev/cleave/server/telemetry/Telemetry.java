package dev.cleave.server.telemetry;

import io.grpc.ServerBuilder;
import io.grpc.opentelemetry.GrpcOpenTelemetry;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.instrumentation.micrometer.v1_5.OpenTelemetryMeterRegistry;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.DefaultAggregationSelector;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The meters of one server, each registered once: they are Prometheus' page, and where there is a
 * collector they go there as well, with gRPC's own and a few spans for each session. Thread-safe.
 *
 * <p>Spans and metrics hold times and counts. Nothing that a client sends is taken over, names of
 * traces included: a trace state is a text.
 */
public final class Telemetry implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Telemetry.class);
  private static final Duration METRICS_PERIOD = Duration.ofSeconds(15);
  private static final Duration SPANS_PERIOD = Duration.ofSeconds(2);
  private static final Duration EXPORT_TIMEOUT = Duration.ofSeconds(5);

  /** What is not told by then is lost: a collector that is away must not hold an end up. */
  private static final long FLUSH_SECONDS = 3;

  private final PrometheusMeterRegistry page;
  private final MeterRegistry meters;
  private final @Nullable OpenTelemetrySdk sdk;

  /**
   * Who tells.
   *
   * @param name of the server
   * @param version of the program
   * @param bundleId that is served
   */
  public record Teller(String name, String version, String bundleId) {}

  private Telemetry(
      PrometheusMeterRegistry page, MeterRegistry meters, @Nullable OpenTelemetrySdk sdk) {
    this.page = page;
    this.meters = meters;
    this.sdk = sdk;
  }

  /** Makes the meters; nothing is connected to before there is something to tell. */
  public static Telemetry start(Optional<Collector> collector, Teller teller) {
    PrometheusMeterRegistry page = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    if (collector.isEmpty()) {
      return new Telemetry(page, page, null);
    }
    ExportLog.takeOver();
    String endpoint = collector.get().endpoint().toString();
    OpenTelemetrySdk sdk = sdk(endpoint, resource(teller));
    MeterRegistry told =
        OpenTelemetryMeterRegistry.builder(sdk).setBaseTimeUnit(TimeUnit.SECONDS).build();
    LOG.info("telemetry=started otlp={}", endpoint);
    return new Telemetry(page, new CompositeMeterRegistry(Clock.SYSTEM, List.of(page, told)), sdk);
  }

  private static Resource resource(Teller teller) {
    return Resource.getDefault()
        .merge(
            Resource.create(
                Attributes.builder()
                    .put("service.namespace", "cleave")
                    .put("service.name", "cleave-server")
                    .put("service.version", teller.version())
                    .put("service.instance.id", UUID.randomUUID().toString())
                    .put("cleave.server.name", teller.name())
                    .put("cleave.bundle.id", teller.bundleId())
                    .build()));
  }

  private static OpenTelemetrySdk sdk(String endpoint, Resource resource) {
    return OpenTelemetrySdk.builder()
        .setTracerProvider(
            SdkTracerProvider.builder()
                .setResource(resource)
                .addSpanProcessor(
                    BatchSpanProcessor.builder(
                            OtlpGrpcSpanExporter.builder()
                                .setEndpoint(endpoint)
                                .setTimeout(EXPORT_TIMEOUT)
                                .build())
                        .setScheduleDelay(SPANS_PERIOD)
                        .setExporterTimeout(EXPORT_TIMEOUT)
                        .build())
                .build())
        .setMeterProvider(
            SdkMeterProvider.builder()
                .setResource(resource)
                .registerMetricReader(
                    PeriodicMetricReader.builder(
                            OtlpGrpcMetricExporter.builder()
                                .setEndpoint(endpoint)
                                .setTimeout(EXPORT_TIMEOUT)
                                // The usual buckets are made for milliseconds; times here are
                                // seconds from 0.0001 to 10.
                                .setDefaultAggregationSelector(
                                    DefaultAggregationSelector.getDefault()
                                        .with(
                                            InstrumentType.HISTOGRAM,
                                            Aggregation.base2ExponentialBucketHistogram()))
                                .build())
                        .setInterval(METRICS_PERIOD)
                        .build())
                .build())
        .build();
  }

  /** Where the server's meters are registered. */
  public MeterRegistry meters() {
    return meters;
  }

  /** What Prometheus reads: all of them. */
  public PrometheusMeterRegistry page() {
    return page;
  }

  /** Has a server tell of its calls, where there is somebody to tell. */
  public void watch(ServerBuilder<?> server) {
    if (sdk == null) {
      return;
    }
    // Its spans are left out: they record each message with its size, and the size of a token's
    // message says how large its id is.
    GrpcOpenTelemetry.newBuilder().sdk(new MetersOnly(sdk)).build().configureServerBuilder(server);
    var _ = server.intercept(new SessionSpans(sdk.getTracer("dev.cleave.server")));
  }

  private record MetersOnly(OpenTelemetrySdk sdk) implements OpenTelemetry {
    @Override
    public MeterProvider getMeterProvider() {
      return sdk.getMeterProvider();
    }

    @Override
    public TracerProvider getTracerProvider() {
      return TracerProvider.noop();
    }

    @Override
    public ContextPropagators getPropagators() {
      return ContextPropagators.noop();
    }
  }

  /** Tells what is left to tell, for a few seconds at most. Idempotent. */
  @Override
  public void close() {
    if (sdk != null && !sdk.shutdown().join(FLUSH_SECONDS, TimeUnit.SECONDS).isSuccess()) {
      LOG.warn("telemetry=closed outcome=incomplete: the collector did not take all in time");
    }
    meters.close();
    page.close();
  }
}

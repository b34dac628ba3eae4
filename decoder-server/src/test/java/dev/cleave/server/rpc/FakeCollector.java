package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.server.telemetry.Collector;
import dev.cleave.server.telemetry.Monitoring;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A collector of OTLP over gRPC on a free loopback port, which keeps all that it is told. */
final class FakeCollector implements AutoCloseable {
  private final List<ExportTraceServiceRequest> traces = new CopyOnWriteArrayList<>();
  private final List<ExportMetricsServiceRequest> metrics = new CopyOnWriteArrayList<>();
  private final Server server;

  private FakeCollector() throws IOException {
    this.server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(
                new TraceServiceGrpc.TraceServiceImplBase() {
                  @Override
                  public void export(
                      ExportTraceServiceRequest request,
                      StreamObserver<ExportTraceServiceResponse> reply) {
                    traces.add(request);
                    reply.onNext(ExportTraceServiceResponse.getDefaultInstance());
                    reply.onCompleted();
                  }
                })
            .addService(
                new MetricsServiceGrpc.MetricsServiceImplBase() {
                  @Override
                  public void export(
                      ExportMetricsServiceRequest request,
                      StreamObserver<ExportMetricsServiceResponse> reply) {
                    metrics.add(request);
                    reply.onNext(ExportMetricsServiceResponse.getDefaultInstance());
                    reply.onCompleted();
                  }
                })
            .build()
            .start();
  }

  static FakeCollector start() throws IOException {
    return new FakeCollector();
  }

  int port() {
    return server.getPort();
  }

  ServerConfig toldBy(ServerConfig config) {
    Monitoring monitoring =
        Monitoring.onFreePort().withCollector(Collector.parse("http://127.0.0.1:" + port()));
    return config.withListen(
        new ServerConfig.Listen("127.0.0.1", 0, monitoring, config.listen().security()));
  }

  List<Span> spans(String name) {
    return traces.stream()
        .flatMap(it -> it.getResourceSpansList().stream())
        .flatMap(it -> it.getScopeSpansList().stream())
        .flatMap(it -> it.getSpansList().stream())
        .filter(span -> span.getName().equals(name))
        .toList();
  }

  /** The only one of this name. */
  Span span(String name) {
    assertThat(spans(name)).as(name).hasSize(1);
    return spans(name).getFirst();
  }

  Map<String, Long> counts(Span span) {
    return span.getAttributesList().stream()
        .collect(Collectors.toMap(KeyValue::getKey, it -> it.getValue().getIntValue()));
  }

  Set<String> metricNames() {
    return metrics.stream()
        .flatMap(it -> it.getResourceMetricsList().stream())
        .flatMap(it -> it.getScopeMetricsList().stream())
        .flatMap(it -> it.getMetricsList().stream())
        .map(Metric::getName)
        .collect(Collectors.toSet());
  }

  String resource() {
    return traces.getFirst().getResourceSpans(0).getResource().toString();
  }

  /** All that was told, as text and as the bytes of its messages. */
  String everything() {
    return Stream.concat(traces.stream(), metrics.stream())
        .map(it -> it + new String(it.toByteArray(), StandardCharsets.ISO_8859_1))
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() {
    try {
      server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

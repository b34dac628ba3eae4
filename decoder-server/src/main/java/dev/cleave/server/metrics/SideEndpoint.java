package dev.cleave.server.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cleave.server.ServerException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/**
 * {@code GET /metrics} (Prometheus text) and {@code GET /healthz} (200 while the server takes
 * sessions, 503 otherwise) on a loopback port of their own. Thread-safe.
 */
public final class SideEndpoint implements AutoCloseable {

  private static final int BACKLOG = 16;

  private final HttpServer http;
  private final ExecutorService executor;

  private SideEndpoint(HttpServer http, ExecutorService executor) {
    this.http = http;
    this.executor = executor;
  }

  /**
   * Listens on the loopback address.
   *
   * @param port 0 picks a free one
   * @param serving what {@code /healthz} answers
   */
  public static SideEndpoint start(
      int port, PrometheusMeterRegistry registry, BooleanSupplier serving) {
    HttpServer http;
    try {
      http =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    } catch (IOException e) {
      throw new ServerException(
          "listen for metrics",
          "port " + port,
          "choose another --metrics-port, or --metrics-port off",
          e);
    }
    ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    http.setExecutor(executor);
    http.createContext(
        "/metrics",
        exchange ->
            answer(
                exchange,
                "/metrics",
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                registry.scrape()));
    http.createContext(
        "/healthz",
        exchange -> {
          boolean up = serving.getAsBoolean();
          String body = up ? "serving\n" : "not serving\n";
          answer(exchange, "/healthz", up ? 200 : 503, "text/plain; charset=utf-8", body);
        });
    http.start();
    return new SideEndpoint(http, executor);
  }

  /** The port that listens. */
  public int port() {
    return http.getAddress().getPort();
  }

  @Override
  public void close() {
    http.stop(0);
    executor.shutdownNow();
  }

  private static void answer(
      HttpExchange exchange, String path, int status, String type, String body) throws IOException {
    try (exchange) {
      // A context also matches longer paths, and this server knows two.
      if (!exchange.getRequestURI().getPath().equals(path)) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        exchange.sendResponseHeaders(405, -1);
        return;
      }
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", type);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }
}

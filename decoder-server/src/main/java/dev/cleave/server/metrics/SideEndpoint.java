package dev.cleave.server.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cleave.server.ServerException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/**
 * {@code GET /metrics} (Prometheus text) and the probes of a supervisor, on a port of their own:
 * {@code /readyz} and {@code /healthz} are 200 while the server takes sessions, {@code /livez}
 * while its engine computes or is going to, 503 otherwise. Thread-safe.
 */
public final class SideEndpoint implements AutoCloseable {

  private static final int BACKLOG = 16;
  private static final String MAX_SECONDS = "10";
  private static final String MAX_CONNECTIONS = "64";

  private final HttpServer http;
  private final ExecutorService executor;

  private SideEndpoint(HttpServer http, ExecutorService executor) {
    this.http = http;
    this.executor = executor;
  }

  /**
   * What a supervisor asks.
   *
   * @param alive false once only a restart helps
   * @param ready whether new sessions are taken
   */
  public record Probes(BooleanSupplier alive, BooleanSupplier ready) {}

  /**
   * Listens.
   *
   * @param address of this machine; port 0 picks a free one
   */
  public static SideEndpoint start(
      InetSocketAddress address, PrometheusMeterRegistry registry, Probes probes) {
    limitTimes();
    HttpServer http;
    try {
      http = HttpServer.create(address, BACKLOG);
    } catch (IOException | UnresolvedAddressException e) {
      throw new ServerException(
          "listen for metrics",
          address.toString(),
          "choose another --metrics-host or --metrics-port, or --metrics-port off",
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
    probe(http, "/healthz", probes.ready(), "serving");
    probe(http, "/readyz", probes.ready(), "serving");
    probe(http, "/livez", probes.alive(), "alive");
    http.start();
    return new SideEndpoint(http, executor);
  }

  private static void probe(HttpServer http, String path, BooleanSupplier asked, String what) {
    http.createContext(
        path,
        exchange -> {
          boolean yes = asked.getAsBoolean();
          String body = (yes ? what : "not " + what) + "\n";
          answer(exchange, path, yes ? 200 : 503, "text/plain; charset=utf-8", body);
        });
  }

  /**
   * A caller that sends its request, or reads the answer, byte by byte is cut off: the port may be
   * open to a network. The JDK reads these once, and takes what the operator has set.
   */
  private static void limitTimes() {
    for (String limit : List.of("sun.net.httpserver.maxReqTime", "sun.net.httpserver.maxRspTime")) {
      if (System.getProperty(limit) == null) {
        System.setProperty(limit, MAX_SECONDS);
      }
    }
    if (System.getProperty("jdk.httpserver.maxConnections") == null) {
      System.setProperty("jdk.httpserver.maxConnections", MAX_CONNECTIONS);
    }
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
      // A context also matches longer paths.
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

package dev.cleave.server.telemetry;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Where OpenTelemetry's spans and metrics go: a collector that speaks OTLP over gRPC.
 *
 * @param endpoint scheme, host and port; no path, no user
 */
public record Collector(URI endpoint) {
  private static final String RULE =
      "a collector must be http://HOST:PORT or https://HOST:PORT and nothing more, such as"
          + " http://127.0.0.1:4317";

  public Collector {
    String scheme = String.valueOf(endpoint.getScheme());
    if (!(scheme.equals("http") || scheme.equals("https"))
        || endpoint.getHost() == null
        || endpoint.getPort() < 1
        || endpoint.getRawUserInfo() != null
        || !(endpoint.getRawPath().isEmpty() || endpoint.getRawPath().equals("/"))
        || endpoint.getRawQuery() != null
        || endpoint.getRawFragment() != null) {
      // Without the value: what does not fit may be a password.
      throw new IllegalArgumentException(RULE);
    }
  }

  /**
   * The collector at a URL.
   *
   * @throws IllegalArgumentException when it is none, or has more parts than an endpoint
   */
  public static Collector parse(String url) {
    try {
      return new Collector(new URI(url));
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(RULE);
    }
  }
}

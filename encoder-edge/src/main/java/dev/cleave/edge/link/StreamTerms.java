package dev.cleave.edge.link;

import java.time.Duration;
import java.util.Optional;

/**
 * What a caller allows one stream to take.
 *
 * @param deadline time until the stream fails, from now; none waits for ever
 * @param maxMessageBytes the largest message to accept from the server
 */
public record StreamTerms(Optional<Duration> deadline, int maxMessageBytes) {
  public StreamTerms {
    if (maxMessageBytes < 1024) {
      throw new IllegalArgumentException(
          "maxMessageBytes must be at least 1024, got " + maxMessageBytes);
    }
  }
}

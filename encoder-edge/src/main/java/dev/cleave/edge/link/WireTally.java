package dev.cleave.edge.link;

/**
 * What one stream has sent and received.
 *
 * @param frames hidden-state frames sent
 * @param frameBytesUp bytes of those frames: codec headers and payloads
 * @param messageBytesUp bytes of all gRPC messages sent, frames included; without HTTP/2 and TCP
 *     headers
 * @param messageBytesDown bytes of all gRPC messages received, measured likewise
 * @param again what of that was sent to servers that took the session over
 */
public record WireTally(
    int frames, long frameBytesUp, long messageBytesUp, long messageBytesDown, Again again) {

  /**
   * What was sent again.
   *
   * @param reopened times that a server was lost and the session opened again
   * @param messageBytesUp bytes of messages that were sent before; they count in those of all
   */
  public record Again(int reopened, long messageBytesUp) {
    /** Nothing was sent again. */
    public static final Again NONE = new Again(0, 0);
  }

  /** What one stream has sent and received, nothing of it twice. */
  public WireTally(int frames, long frameBytesUp, long messageBytesUp, long messageBytesDown) {
    this(frames, frameBytesUp, messageBytesUp, messageBytesDown, Again.NONE);
  }
}

package dev.cleave.edge.link;

/**
 * What one stream has sent and received.
 *
 * @param frames hidden-state frames sent
 * @param frameBytesUp bytes of those frames: codec headers and payloads
 * @param messageBytesUp bytes of all gRPC messages sent, frames included; without HTTP/2 and TCP
 *     headers
 * @param messageBytesDown bytes of all gRPC messages received, measured likewise
 */
public record WireTally(
    int frames, long frameBytesUp, long messageBytesUp, long messageBytesDown) {}

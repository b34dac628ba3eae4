package dev.cleave.edge.link;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes of one stream where gRPC writes and reads them. Thread-safe. */
final class TallyTracer extends ClientStreamTracer.Factory {
  private final AtomicLong up = new AtomicLong();
  private final AtomicLong down = new AtomicLong();

  @Override
  public ClientStreamTracer newClientStreamTracer(
      ClientStreamTracer.StreamInfo info, Metadata headers) {
    return new ClientStreamTracer() {
      @Override
      public void outboundWireSize(long bytes) {
        up.addAndGet(bytes);
      }

      @Override
      public void inboundWireSize(long bytes) {
        down.addAndGet(bytes);
      }
    };
  }

  long bytesUp() {
    return up.get();
  }

  long bytesDown() {
    return down.get();
  }
}

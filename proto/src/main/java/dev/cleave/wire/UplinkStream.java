package dev.cleave.wire;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * One message on its way to the transport: field number and length, then the body. The transport
 * drains it in one go; plain reading serves transports within the process. Confined to its reader.
 */
final class UplinkStream extends InputStream implements KnownLength, Drainable {
  private static final int SCRATCH_BYTES = 16 << 10;

  private final ByteBuffer head;
  private final ByteBuffer body;

  /** Takes a body whose position is the stream's own to move. */
  UplinkStream(byte[] head, ByteBuffer body) {
    this.head = ByteBuffer.wrap(head);
    this.body = body;
  }

  @Override
  public int available() {
    return head.remaining() + body.remaining();
  }

  @Override
  public int read() {
    ByteBuffer next = head.hasRemaining() ? head : body;
    return next.hasRemaining() ? Byte.toUnsignedInt(next.get()) : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    ByteBuffer next = head.hasRemaining() ? head : body;
    if (length == 0) {
      return 0;
    }
    if (!next.hasRemaining()) {
      return -1;
    }
    int n = Math.min(length, next.remaining());
    next.get(target, offset, n);
    return n;
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int total = available();
    drain(head, target);
    drain(body, target);
    return total;
  }

  private static void drain(ByteBuffer from, OutputStream target) throws IOException {
    if (from.hasArray()) {
      target.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
      from.position(from.limit());
      return;
    }
    byte[] scratch = new byte[Math.min(SCRATCH_BYTES, from.remaining())];
    while (from.hasRemaining()) {
      int n = Math.min(scratch.length, from.remaining());
      from.get(scratch, 0, n);
      target.write(scratch, 0, n);
    }
  }
}

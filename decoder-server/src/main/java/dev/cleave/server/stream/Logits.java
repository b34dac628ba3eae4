package dev.cleave.server.stream;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cleave.server.admission.Refused;
import dev.cleave.wire.WireReason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Logits on their way out. They are for parity checks; who asks for them has to read. */
public final class Logits {

  /** A client that leaves more than this unread is cut off. */
  public static final long MAX_QUEUED_BYTES = 64L << 20;

  private Logits() {}

  /** What who reads too little is told. */
  public static Refused unread() {
    return new Refused(
        WireReason.STEP_TIMEOUT,
        "the client leaves more than %d bytes of logits unread: read faster"
            .formatted(MAX_QUEUED_BYTES));
  }

  /** A copy, as it travels. */
  public static ByteString littleEndian(FloatBuffer logits) {
    ByteBuffer bytes =
        ByteBuffer.allocate(logits.remaining() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(logits.duplicate());
    return UnsafeByteOperations.unsafeWrap(bytes);
  }
}

package dev.cleave.edge.replay;

import dev.cleave.edge.link.WireTally;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What one session sent and received on all its streams. Confined to who holds its lock. */
final class ReplayTally {
  private int frames;
  private long frameBytes;
  private long bytesUp;
  private long bytesDown;
  private int reopened;
  private long bytesAgain;

  /** The caller has sent this. */
  void sent(Uplink message) {
    switch (message) {
      case Uplink.Hidden(ByteBuffer frame) -> count(frame);
      case Uplink.Step(ByteBuffer frame) -> count(frame);
      case Uplink.EndOfPrompt _, Uplink.OpenSession _, Uplink.Cancel _, Uplink.Invalid _ -> {}
    }
  }

  private void count(ByteBuffer frame) {
    frames++;
    frameBytes += frame.remaining();
  }

  /** This is sent once more. */
  void again(Uplink message) {
    if (message instanceof Uplink.OpenSession) {
      reopened++;
    }
    bytesAgain += Reopening.messageBytes(message);
  }

  /** A stream that had sent this is used no more. */
  void replaced(WireTally stream) {
    bytesUp += stream.messageBytesUp();
    bytesDown += stream.messageBytesDown();
  }

  WireTally with(WireTally current, @Nullable WireTally candidate) {
    return new WireTally(
        frames,
        frameBytes,
        bytesUp + current.messageBytesUp() + (candidate == null ? 0 : candidate.messageBytesUp()),
        bytesDown
            + current.messageBytesDown()
            + (candidate == null ? 0 : candidate.messageBytesDown()),
        new WireTally.Again(reopened, bytesAgain));
  }
}

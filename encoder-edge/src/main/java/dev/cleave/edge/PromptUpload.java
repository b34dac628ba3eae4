package dev.cleave.edge;

import dev.cleave.edge.codec.PromptFrames;
import dev.cleave.edge.codec.StreamCodec;
import dev.cleave.edge.codec.StreamMeter;
import dev.cleave.edge.engine.EncoderEngine;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.edge.link.DecoderStream;
import dev.cleave.edge.link.Protocol;
import dev.cleave.edge.link.StreamCancelled;
import dev.cleave.wire.Uplink;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Encodes one prompt and sends it. The encoder runs while the server still considers Open. Runs
 * once, on a thread of its own; a failure ends the stream, where the reader of the answer finds it.
 */
final class PromptUpload implements Runnable {
  private final TokenIds prompt;
  private final EncoderEngine encoder;
  private final StreamCodec codec;
  private final DecoderStream stream;
  private final GenerationLedger ledger;

  /** The frames that were sent, kept to be measured; the transport reads them at most. */
  private final List<ByteBuffer> sent = new ArrayList<>();

  PromptUpload(
      TokenIds prompt,
      EncoderEngine encoder,
      StreamCodec codec,
      DecoderStream stream,
      GenerationLedger ledger) {
    this.prompt = prompt;
    this.encoder = encoder;
    this.codec = codec;
    this.stream = stream;
    this.ledger = ledger;
  }

  @Override
  public void run() {
    try (Arena arena = Arena.ofConfined()) {
      FloatBuffer hidden = Tensors.floats(arena, (long) prompt.size() * codec.spec().width());
      long before = ledger.elapsedNanos();
      encoder.encode(prompt.toBuffer(arena), hidden);
      ledger.encoded(ledger.elapsedNanos() - before);
      int allowed = Protocol.positionsPerFrame(codec.spec(), stream.opened());
      if (sendFrames(new PromptFrames(codec, hidden, allowed))
          && stream.send(new Uplink.EndOfPrompt(prompt.size()))) {
        // While the server computes: nothing waits for this but the receipt.
        certify(hidden.rewind());
      }
    } catch (CleaveException e) {
      stream.fail(e);
    } catch (StreamCancelled e) {
      // The reader of the answer learns that from the stream as well.
    } catch (RuntimeException | OutOfMemoryError e) {
      stream.fail(
          CleaveException.fatal(
                  Code.ENGINE,
                  "could not encode and send a prompt of %d positions as %s"
                      .formatted(prompt.size(), codec.name()),
                  "try another codec, or report this with the output of --verbose")
              .causedBy(e));
    } finally {
      ledger.uploadEnded();
    }
  }

  private boolean sendFrames(PromptFrames frames) {
    while (frames.hasNext()) {
      ByteBuffer frame = frames.next();
      if (!stream.send(new Uplink.Hidden(frame))) {
        return false;
      }
      sent.add(frame);
      ledger.sent(frames.positions());
    }
    return true;
  }

  /** Measures what the server makes of the frames, out of these very frames. */
  private void certify(FloatBuffer hidden) {
    long before = ledger.elapsedNanos();
    StreamMeter meter = new StreamMeter(codec, prompt.size());
    sent.forEach(frame -> meter.add(frame, hidden));
    ledger.certified(meter.certificate(), ledger.elapsedNanos() - before);
  }
}

package dev.cleave.edge.replay;

import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session in which the server decodes alone: one prompt up, then tokens down. */
final class UploadTranscript implements Transcript {
  private static final int UNSENT = -1;

  private final FrameStore store;
  private final List<FrameStore.Kept> frames = new ArrayList<>();
  private int promptPositions = UNSENT;
  private boolean whole = true;
  private int[] ids = new int[64];
  private int answered;

  /** How much of it the stream in use has been sent and has answered. */
  private int replayed;

  private int matched;

  UploadTranscript(FrameStore store) {
    this.store = store;
  }

  @Override
  public void keep(Uplink message) {
    switch (message) {
      case Uplink.Hidden(ByteBuffer frame) -> keep(frame);
      case Uplink.EndOfPrompt(int positions) -> promptPositions = positions;
      case Uplink.OpenSession _, Uplink.Step _, Uplink.Cancel _, Uplink.Invalid _ ->
          throw new IllegalArgumentException("not a message of such a session");
    }
  }

  private void keep(ByteBuffer frame) {
    if (whole && store.hasRoomFor(frame.remaining())) {
      frames.add(store.keep(frame));
      return;
    }
    whole = false;
    close();
  }

  @Override
  public void takeBack() {
    if (promptPositions != UNSENT) {
      promptPositions = UNSENT;
    } else if (!frames.isEmpty()) {
      store.drop(frames.removeLast());
    }
  }

  @Override
  public boolean isWhole() {
    return whole;
  }

  @Override
  public void rewind() {
    replayed = 0;
    matched = 0;
  }

  @Override
  public @Nullable Uplink next() {
    if (replayed < frames.size()) {
      return new Uplink.Hidden(store.read(frames.get(replayed++)));
    }
    if (replayed == frames.size() && promptPositions != UNSENT) {
      replayed++;
      return new Uplink.EndOfPrompt(promptPositions);
    }
    return null;
  }

  /** Compared as they come: the server decodes at its own pace. */
  @Override
  public int owedAgain() {
    return 0;
  }

  @Override
  public boolean owed() {
    return promptPositions != UNSENT;
  }

  @Override
  public Answer take(ServerMessage message) {
    return switch (message.getMessageCase()) {
      case TOKEN -> take(message.getToken());
      case DONE -> matched < answered ? Answer.OTHER : Answer.NEW;
      case OPENED, SAMPLED, MESSAGE_NOT_SET -> Answer.NEW;
    };
  }

  private Answer take(Token token) {
    if (matched < answered) {
      boolean same = token.getPosition() == matched && token.getId() == ids[matched];
      matched++;
      return same ? Answer.KNOWN : Answer.OTHER;
    }
    if (answered == ids.length) {
      int[] longer = Arrays.copyOf(ids, 2 * answered);
      Arrays.fill(ids, 0);
      ids = longer;
    }
    ids[answered++] = token.getId();
    matched = answered;
    return Answer.NEW;
  }

  @Override
  public void close() {
    frames.forEach(store::drop);
    frames.clear();
    store.close();
    Arrays.fill(ids, 0);
  }
}

package dev.cleave.edge.replay;

import dev.cleave.codec.FrameSpan;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A session in which device and server take turns. What a later frame took back is forgotten. The
 * steps of turns that are over go to another server as parts of a prompt, which nobody waits for;
 * those of the turn that goes on are asked once more, so that the server is held to its answers.
 */
final class SessionTranscript implements Transcript {

  /** One message that was sent. */
  private static final class Entry {
    /** Null for the end of a prompt. */
    private final FrameStore.@Nullable Kept frame;

    private final FrameSpan span;
    private final boolean asks;
    private int index;
    private int @Nullable [] answer;

    Entry(FrameStore.@Nullable Kept frame, FrameSpan span, boolean asks) {
      this.frame = frame;
      this.span = span;
      this.asks = asks;
    }

    void forgetAnswer() {
      if (answer != null) {
        Arrays.fill(answer, 0);
      }
    }

    boolean isOutstanding() {
      return asks && answer == null;
    }
  }

  private final FrameStore store;
  private final List<Entry> entries = new ArrayList<>();

  /** Those that the stream in use has been asked and has not answered, in this order. */
  private final ArrayDeque<Entry> asked = new ArrayDeque<>();

  /** Where the turn that goes on begins. */
  private int turn;

  private boolean whole = true;
  private int replayed;

  SessionTranscript(FrameStore store) {
    this.store = store;
  }

  @Override
  public void keep(Uplink message) {
    switch (message) {
      case Uplink.Hidden(ByteBuffer frame) -> {
        boolean begins = !entries.isEmpty() && entries.getLast().asks;
        FrameSpan span = FrameSpan.of(frame);
        forgetFrom(span.startPosition());
        if (begins) {
          turn = entries.size();
        }
        add(new Entry(kept(frame), span, false));
      }
      case Uplink.Step(ByteBuffer frame) -> {
        FrameSpan span = FrameSpan.of(frame);
        forgetFrom(span.startPosition());
        add(new Entry(kept(frame), span, true));
      }
      case Uplink.EndOfPrompt(int positions) ->
          add(new Entry(null, new FrameSpan(positions, 0), true));
      case Uplink.OpenSession _, Uplink.Cancel _, Uplink.Invalid _ ->
          throw new IllegalArgumentException("not a message of such a session");
    }
  }

  /** Null where there is no room: then nothing is kept any more. */
  private FrameStore.@Nullable Kept kept(ByteBuffer frame) {
    if (whole && store.hasRoomFor(frame.remaining())) {
      return store.keep(frame);
    }
    whole = false;
    return null;
  }

  private void add(Entry entry) {
    entry.index = entries.size();
    entries.add(entry);
    if (entry.asks) {
      asked.add(entry);
    }
    if (!whole) {
      // What was asked is still to be answered; the rest is of no use any more.
      List<Entry> useless = entries.subList(0, entries.size() - 1);
      useless.forEach(this::drop);
      useless.clear();
      store.close();
    }
  }

  /** But for the first frame: it alone has the header that explains the others. */
  private void forgetFrom(int position) {
    while (entries.size() > 1) {
      Entry last = entries.getLast();
      boolean stands =
          last.frame == null
              ? last.span.startPosition() <= position
              : last.span.startPosition() < position;
      if (stands || last.isOutstanding()) {
        break;
      }
      drop(entries.removeLast());
    }
    turn = Math.min(turn, entries.size());
  }

  @Override
  public void takeBack() {
    if (entries.isEmpty()) {
      return; // closed meanwhile
    }
    Entry last = entries.removeLast();
    asked.removeLastOccurrence(last);
    drop(last);
    turn = Math.min(turn, entries.size());
    replayed = Math.min(replayed, entries.size());
  }

  /** What it was answered stays: the stream in use may have been asked once more. */
  private void drop(Entry entry) {
    if (entry.frame != null) {
      store.drop(entry.frame);
    }
  }

  @Override
  public boolean isWhole() {
    return whole;
  }

  @Override
  public void rewind() {
    asked.clear();
    replayed = 0;
  }

  @Override
  public @Nullable Uplink next() {
    while (replayed < entries.size()) {
      int index = replayed++;
      Entry entry = entries.get(index);
      boolean asks = entry.asks && (index >= turn || entry.answer == null);
      if (asks) {
        asked.add(entry);
      }
      if (entry.frame != null) {
        ByteBuffer frame = store.read(entry.frame);
        return asks ? new Uplink.Step(frame) : new Uplink.Hidden(frame);
      }
      if (asks) {
        return new Uplink.EndOfPrompt(entry.span.startPosition());
      }
    }
    return null;
  }

  @Override
  public int owedAgain() {
    int again = 0;
    for (Entry entry : asked) {
      again += entry.answer != null ? 1 : 0;
    }
    return again;
  }

  @Override
  public boolean owed() {
    return !asked.isEmpty();
  }

  @Override
  public Answer take(ServerMessage message) {
    if (!message.hasSampled() || asked.isEmpty()) {
      return Answer.NEW;
    }
    Entry entry = asked.remove();
    Sampled sampled = message.getSampled();
    if (entry.answer == null) {
      entry.answer = sampled.getIdsList().stream().mapToInt(it -> it).toArray();
      return Answer.NEW;
    }
    return isSame(entry, entry.answer, sampled) ? Answer.KNOWN : Answer.OTHER;
  }

  /** Of an answer to drafts only what the step behind it went on from was given to anybody. */
  private boolean isSame(Entry entry, int[] known, Sampled sampled) {
    int first = entry.frame == null ? entry.span.startPosition() - 1 : entry.span.startPosition();
    if (sampled.getPosition() != first || sampled.getIdsCount() != known.length) {
      return false;
    }
    int standing = known.length;
    int behind = entry.index + 1;
    if (behind < entries.size() && entries.get(behind).frame != null) {
      int next = entries.get(behind).span.startPosition();
      standing = Math.clamp((long) next - first, 1, known.length);
    }
    for (int i = 0; i < standing; i++) {
      if (sampled.getIds(i) != known[i]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void close() {
    entries.forEach(this::drop);
    Stream.concat(entries.stream(), asked.stream()).forEach(Entry::forgetAnswer);
    entries.clear();
    asked.clear();
    store.close();
  }
}

package dev.cleave.server.entrance;

import dev.cleave.server.admission.Refused;
import dev.cleave.wire.WireReason;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sessions that have a name and live here, each with its newest stream, and the attempts that
 * were used up. Thread-safe.
 *
 * <p>A session is here from its Open until it has given back all that it held, which may be later
 * than the end of its call.
 */
public final class NamedSessions {

  /**
   * Sessions whose attempts are remembered beyond their end, so that a recorded stream cannot be
   * played again: about 10 MiB of names and numbers at most.
   */
  private static final int MOST_REMEMBERED = 1 << 16;

  /** One stream of a session. Compared by identity. */
  public static final class Entry {
    private final SessionKey key;
    private final int attempt;
    private final TrackedCall call;

    /** A stream that is about to be the newest of its session. */
    public Entry(SessionKey key, int attempt, TrackedCall call) {
      this.key = key;
      this.attempt = attempt;
      this.call = call;
    }

    /** The stream's call. */
    public TrackedCall call() {
      return call;
    }
  }

  // Guarded by this:
  private final Map<SessionKey, Entry> live = new HashMap<>();
  private final Map<SessionKey, Integer> used =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<SessionKey, Integer> eldest) {
          return size() > MOST_REMEMBERED;
        }
      };

  /**
   * Makes a stream the newest of its session.
   *
   * @return the stream that it takes over from, which the caller has to end; null when there is
   *     none
   * @throws Refused when this stream is not the newest
   */
  public synchronized @Nullable Entry enter(Entry entry) {
    Entry before = live.get(entry.key);
    if (before != null && Integer.compareUnsigned(entry.attempt, before.attempt) <= 0) {
      throw takenOver();
    }
    Integer last = used.get(entry.key);
    if (last != null && Integer.compareUnsigned(entry.attempt, last) <= 0) {
      throw takenOver();
    }
    live.put(entry.key, entry);
    return before;
  }

  /** From now on this attempt cannot be used again, nor any before it. */
  public synchronized void useUp(Entry entry) {
    used.remove(entry.key); // to the end of the order
    used.put(entry.key, entry.attempt);
  }

  /** Forgets a stream that holds nothing any more, unless a newer one has its place. */
  public synchronized void leave(Entry entry) {
    live.remove(entry.key, entry);
  }

  /** What the older of two streams of a session ends with. */
  public static Refused takenOver() {
    return new Refused(
        WireReason.SESSION_TAKEN_OVER,
        "this session was opened here with a higher attempt: go on with the newest stream, or open"
            + " it again with an attempt that was not used before");
  }
}

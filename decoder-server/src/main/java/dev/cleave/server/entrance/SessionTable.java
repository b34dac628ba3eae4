package dev.cleave.server.entrance;

import dev.cleave.server.admission.Refused;
import dev.cleave.wire.WireReason;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The calls that run, and whether more are taken. Thread-safe. */
public final class SessionTable {

  private static final Duration WARMING_RETRY = Duration.ofSeconds(1);

  /** Whether new sessions are taken; only ever moves down this list. */
  public enum Admission {
    WARMING,
    OPEN,
    DRAINING,
    BROKEN
  }

  private final NamedSessions named = new NamedSessions();
  private final Set<TrackedCall> calls = ConcurrentHashMap.newKeySet();
  private final AtomicInteger admitted = new AtomicInteger();
  // Random ids: clients can neither guess nor count the sessions of others.
  private final SecureRandom random = new SecureRandom();
  private volatile Admission admission = Admission.WARMING;

  /** Names a session; unlike any other. */
  public long newSessionId() {
    return random.nextLong();
  }

  /** Those whose devices may open them again. */
  public NamedSessions named() {
    return named;
  }

  /** Follows a call until {@link #remove}. */
  public void add(TrackedCall call) {
    calls.add(call);
  }

  /** Counts a session as open until its call is removed. */
  public void admit() {
    admitted.incrementAndGet();
  }

  /** Forgets a call. Idempotent. */
  public void remove(TrackedCall call, boolean wasAdmitted) {
    if (calls.remove(call) && wasAdmitted) {
      admitted.decrementAndGet();
    }
  }

  /** Admitted sessions whose call has not ended. */
  public int openSessions() {
    return admitted.get();
  }

  /** Whether new sessions are taken now. */
  public Admission admission() {
    return admission;
  }

  /** Whether the state moved: draining is final, and a broken engine never serves again. */
  public synchronized boolean become(Admission next) {
    boolean moves = next.compareTo(admission) > 0;
    if (moves) {
      admission = next;
    }
    return moves;
  }

  /**
   * Lets a new session pass.
   *
   * @throws Refused unless new sessions are taken
   */
  public void requireAdmission() {
    switch (admission) {
      case OPEN -> {}
      case WARMING ->
          throw new Refused(WireReason.NOT_SERVING, "the server warms up: try again")
              .retryAfter(WARMING_RETRY);
      case BROKEN ->
          throw new Refused(
              WireReason.NOT_SERVING, "the decoder has stopped: use another server, see the log");
      case DRAINING ->
          throw new Refused(WireReason.DRAINING, "the server is shutting down: use another one");
    }
  }

  /** Ends the calls whose clients keep the server waiting too long. */
  public void endIdle() {
    calls.forEach(TrackedCall::endIfIdle);
  }

  /** Ends the calls that wait for their clients between two answers. */
  public void handBackQuiet() {
    calls.forEach(TrackedCall::handBackIfQuiet);
  }

  /** Ends all calls that are not complete: their engine is lost. */
  public void endWithoutEngine() {
    calls.forEach(TrackedCall::engineLost);
  }

  /** Ends all calls that are not complete. */
  public void handBackAll() {
    calls.forEach(TrackedCall::handBack);
  }
}

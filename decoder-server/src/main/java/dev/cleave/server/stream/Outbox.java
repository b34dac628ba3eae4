package dev.cleave.server.stream;

import dev.cleave.v1.ServerMessage;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one call has to send. Thread-safe: the decoder's thread only queues here, and {@link #drain}
 * passes to the transport what it is ready to take, on whichever thread calls it, one at a time.
 *
 * <p>So a client that reads slowly holds up nobody: its tokens wait here. There is no other bound
 * than the session's token limit, which admission set, and a cap on the bytes of logits.
 */
public final class Outbox {

  private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);

  private final ServerCallStreamObserver<ServerMessage> call;
  private final LongSupplier nanoClock;
  private final Runnable onClosed;
  private final Queue<ServerMessage> queue = new ConcurrentLinkedQueue<>();
  private final AtomicLong queuedLogitsBytes = new AtomicLong();
  private final AtomicInteger drainRequests = new AtomicInteger();
  private volatile boolean complete;
  private volatile boolean abandoned;
  private volatile @Nullable StatusRuntimeException failure;
  private volatile @Nullable StatusRuntimeException conclusion;
  private volatile long lastProgressNanos;
  private boolean closed; // guarded by drainRequests: one thread drains at a time

  /**
   * @param onClosed runs once, when the call has ended in any way
   */
  Outbox(ServerCallStreamObserver<ServerMessage> call, LongSupplier nanoClock, Runnable onClosed) {
    this.call = call;
    this.nanoClock = nanoClock;
    this.onClosed = onClosed;
    this.lastProgressNanos = nanoClock.getAsLong();
  }

  /** Queues a message; {@link #drain} sends it. */
  public void offer(ServerMessage message) {
    if (isCutOff()) {
      return; // it would lie here for nobody
    }
    if (queue.isEmpty()) {
      lastProgressNanos = nanoClock.getAsLong(); // its reader's time starts now
    }
    queuedLogitsBytes.addAndGet(logitsBytes(message));
    queue.add(message);
  }

  /** After what is queued the call ends in order. */
  public void complete() {
    complete = true;
  }

  /** The call ends with this error now; what is queued is dropped. The first failure counts. */
  public synchronized void fail(StatusRuntimeException error) {
    if (failure == null) {
      failure = error;
    }
  }

  /** After what is queued the call ends with this error. The first failure counts. */
  public synchronized void conclude(StatusRuntimeException error) {
    if (failure == null && conclusion == null) {
      conclusion = error;
    }
  }

  /** The client is gone: nothing can be sent any more. */
  void abandon() {
    abandoned = true;
  }

  /** Whether the whole answer is queued or sent. */
  public boolean isComplete() {
    return complete;
  }

  /** Whether nothing may be queued any more: the call ends with an error, or its client is gone. */
  public boolean isCutOff() {
    return abandoned || failure != null || conclusion != null;
  }

  /** Whether the transport has taken all that was queued. */
  public boolean isEmpty() {
    return queue.isEmpty();
  }

  /** How long something queued has been waiting for its reader; 0 while there is nothing. */
  public long unreadNanos() {
    return queue.isEmpty() ? 0 : nanoClock.getAsLong() - lastProgressNanos;
  }

  /** Bytes of logits that wait. */
  public long queuedLogitsBytes() {
    return queuedLogitsBytes.get();
  }

  /** Sends what the transport takes without blocking. Safe from any thread. */
  public void drain() {
    if (drainRequests.getAndIncrement() != 0) {
      return; // whoever drains now sees the request
    }
    int seen = 1;
    do {
      if (!closed) {
        drainOnce();
      }
      seen = drainRequests.addAndGet(-seen);
    } while (seen != 0);
  }

  private void drainOnce() {
    try {
      StatusRuntimeException error = failure;
      if (abandoned) {
        close();
      } else if (error != null) {
        call.onError(error);
        close();
      } else {
        sendReady();
      }
    } catch (RuntimeException e) {
      // The transport refused: the call is over, and its cancel handler frees what it owns.
      LOG.warn("call=aborted cause={}", e.getClass().getName());
      close();
    }
  }

  private void sendReady() {
    // Read before the queue: nothing is offered after completion.
    StatusRuntimeException error = conclusion;
    boolean last = complete || error != null;
    while (call.isReady()) {
      ServerMessage message = queue.poll();
      if (message == null) {
        break;
      }
      queuedLogitsBytes.addAndGet(-logitsBytes(message));
      call.onNext(message);
      lastProgressNanos = nanoClock.getAsLong();
    }
    if (last && queue.isEmpty()) {
      if (error == null) {
        call.onCompleted();
      } else {
        call.onError(error);
      }
      close();
    }
  }

  private static int logitsBytes(ServerMessage message) {
    // An absent message is the default one, which has none.
    return message.getToken().getLogits().size() + message.getSampled().getLogits().size();
  }

  private void close() {
    closed = true;
    queue.clear();
    onClosed.run();
  }
}

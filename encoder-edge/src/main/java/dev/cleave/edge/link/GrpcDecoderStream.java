package dev.cleave.edge.link;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.Uplink;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One Generate call. All state is guarded by one lock; gRPC's callbacks take it only to hand a
 * message over, and waiting is on one condition of it.
 */
final class GrpcDecoderStream extends ClientCall.Listener<ServerMessage> implements DecoderStream {
  /** Messages asked for ahead of the reader: enough to hide the hand-over between threads. */
  private static final int AHEAD = 8;

  private static final long END_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final ClientCall<Uplink, ServerMessage> call;
  private final TallyTracer tracer;
  private final StreamFailures failures;
  private final Runnable notTaken;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<ServerMessage> inbox = new ArrayDeque<>(AHEAD);
  private TurnLimit limit = TurnLimit.NONE;
  private @Nullable CleaveException failure;
  private @Nullable Opened opened;
  private boolean promptSent;
  private boolean completed;
  private boolean closed;
  private boolean cancelled;
  private long cancelDeadlineNanos;
  private int frames;
  private long frameBytes;

  /**
   * @param notTaken told where the server cannot be reached or takes no sessions
   */
  GrpcDecoderStream(
      ClientCall<Uplink, ServerMessage> call,
      TallyTracer tracer,
      StreamFailures failures,
      Runnable notTaken) {
    this.call = call;
    this.tracer = tracer;
    this.failures = failures;
    this.notTaken = notTaken;
  }

  void start(Open open, Metadata headers) {
    lock.lock();
    try {
      call.start(this, headers);
      call.request(AHEAD);
      call.sendMessage(new Uplink.OpenSession(open));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(Uplink message) {
    lock.lock();
    try {
      while (!call.isReady() && !closed && failure == null && !cancelled) {
        await();
      }
      if (failure != null) {
        throw failure;
      }
      if (cancelled) {
        return false;
      }
      if (closed) {
        throw failures.endedEarly();
      }
      switch (message) {
        case Uplink.Hidden(ByteBuffer frame) -> count(frame);
        case Uplink.Step(ByteBuffer frame) -> count(frame);
        case Uplink.EndOfPrompt _ -> promptSent = true;
        case Uplink.OpenSession _, Uplink.Cancel _, Uplink.Invalid _ -> {}
      }
      call.sendMessage(message);
      return true;
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Opened opened() {
    lock.lock();
    try {
      while (opened == null) {
        if (failure != null) {
          throw failure;
        }
        if (cancelled || !inbox.isEmpty()) {
          // Nothing to send: either nobody wants it, or the reader will say what the server did.
          throw new StreamCancelled();
        }
        if (closed) {
          throw failures.endedEarly();
        }
        await();
      }
      return opened;
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public ServerMessage next() {
    lock.lock();
    try {
      while (inbox.isEmpty()) {
        if (failure != null) {
          throw failure;
        }
        if (closed) {
          throw cancelled ? new StreamCancelled() : failures.endedEarly();
        }
        if (!cancelled) {
          await();
        } else if (changed.awaitNanos(cancelDeadlineNanos - System.nanoTime()) <= 0) {
          call.cancel("the server did not answer Cancel in time", null);
          throw new StreamCancelled();
        }
      }
      if (!closed) {
        call.request(1);
      }
      return inbox.remove();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void limit(TurnLimit limit) {
    lock.lock();
    try {
      this.limit = limit;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wake() {
    signal();
  }

  @Override
  public void complete() {
    lock.lock();
    try {
      completed = true;
      if (!closed && !cancelled && failure == null) {
        call.halfClose();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel() {
    lock.lock();
    try {
      if (cancelled || closed || completed || failure != null) {
        return;
      }
      cancelled = true;
      cancelDeadlineNanos = System.nanoTime() + END_GRACE_NANOS;
      call.sendMessage(new Uplink.Cancel());
      call.halfClose();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void fail(CleaveException failure) {
    lock.lock();
    try {
      if (this.failure == null && !completed) {
        this.failure = failure;
      }
      call.cancel("abandoned by the device", null);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean promptSent() {
    lock.lock();
    try {
      return promptSent;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String serverName() {
    lock.lock();
    try {
      return opened == null ? "" : opened.getServerName();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public WireTally tally() {
    lock.lock();
    try {
      return new WireTally(frames, frameBytes, tracer.bytesUp(), tracer.bytesDown());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void awaitEnd() {
    lock.lock();
    try {
      long left = END_GRACE_NANOS;
      while (!closed && failure == null && left > 0) {
        if (!inbox.isEmpty()) {
          call.request(inbox.size());
          inbox.clear();
        }
        left = changed.awaitNanos(left);
      }
      if (!closed && failure == null) {
        call.cancel("the server did not end the stream in time", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (!closed && !completed && failure == null) {
        failure =
            CleaveException.fatal(
                Code.CLOSED, "the generation was closed before its end", "start a new one");
        call.cancel("closed by the device", null);
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onReady() {
    wake();
  }

  @Override
  public void onMessage(ServerMessage message) {
    lock.lock();
    try {
      if (opened == null && message.hasOpened()) {
        opened = message.getOpened();
        call.request(1);
      } else {
        inbox.add(message);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    lock.lock();
    try {
      closed = true;
      if (status.getCode() == Status.Code.UNAVAILABLE && opened == null) {
        // Before anybody hears of it, and may open again.
        notTaken.run();
      }
      if (!status.isOk() && failure == null && !cancelled) {
        failure = failures.of(status.asRuntimeException(trailers), opened != null);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void count(ByteBuffer frame) {
    frames++;
    frameBytes += frame.remaining();
  }

  /** Waits for a change, within the limit; callers loop. */
  @SuppressWarnings("WaitNotInLoop")
  private void await() throws InterruptedException {
    limit.requireLeft();
    if (limit.hasDeadline()) {
      changed.awaitNanos(limit.leftNanos());
    } else {
      changed.await();
    }
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private CleaveException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    CleaveException interrupted =
        CleaveException.fatal(
                Code.CLOSED,
                "the thread was interrupted while it waited for the server",
                "generate again")
            .causedBy(e);
    failure = interrupted;
    call.cancel("interrupted", e);
    changed.signalAll();
    return interrupted;
  }
}

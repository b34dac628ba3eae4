package dev.cleave.edge.link;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The channel to one server, or to several behind one name. Made when first used. Thread-safe. */
final class ServerChannel implements AutoCloseable {
  /** For so long a server that took no session is passed over where another is left. */
  private static final long SHUN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long CLOSE_SECONDS = 5;

  private final String name;
  private final Supplier<ManagedChannel> maker;
  private final Consumer<ManagedChannel> again;
  private final LongSupplier nanoClock;
  private @Nullable ManagedChannel channel;
  private boolean closed;

  // Not under the lock: it is written from gRPC's callbacks, which calls into a channel may run.
  private volatile @Nullable Long refusedNanos;

  /**
   * @param again makes a channel that has failed try to connect at once
   */
  ServerChannel(
      String name,
      Supplier<ManagedChannel> maker,
      Consumer<ManagedChannel> again,
      LongSupplier nanoClock) {
    this.name = name;
    this.maker = maker;
    this.again = again;
    this.nanoClock = nanoClock;
  }

  /** What to call it in messages. */
  String name() {
    return name;
  }

  /** The channel, ready to try to connect at once. */
  synchronized ManagedChannel channel() {
    if (channel == null) {
      channel = maker.get();
      if (closed) {
        channel.shutdownNow();
      }
    } else if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
      // gRPC would fail new calls for up to two minutes, unheard, with what went wrong before. Who
      // opens a session again waits between the attempts by itself.
      again.accept(channel);
    }
    return channel;
  }

  /** Remembers that it took no session just now. */
  void refused() {
    refusedNanos = nanoClock.getAsLong();
  }

  /** Whether it took no session within the last second. */
  boolean shunned() {
    Long last = refusedNanos;
    return last != null && nanoClock.getAsLong() - last < SHUN_NANOS;
  }

  @Override
  public void close() {
    ManagedChannel closing;
    synchronized (this) {
      closed = true;
      closing = channel;
    }
    if (closing != null) {
      closing.shutdownNow();
      try {
        closing.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

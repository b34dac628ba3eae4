package dev.cleave.bench.chaos.link;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * One direction of one connection: a thread that receives and says when each piece is due, one that
 * delivers it then. Little is queued, then the sender's own TCP is held back.
 */
final class FaultyDirection {
  private static final int QUEUED_PIECES = 64;

  /** What both directions have in common. */
  interface Connection {
    /** Resets both sides. */
    void hangUp();

    /** Bytes of this direction have passed. */
    void passed();
  }

  /**
   * @param bytes of the piece, none at the end of the stream
   */
  private record Piece(ByteBuffer bytes, long dueNanos) {}

  private final Socket from;
  private final Socket to;
  private final Fault fault;
  private final SplittableRandom random;
  private final Connection connection;
  private final BlockingQueue<Piece> queue = new ArrayBlockingQueue<>(QUEUED_PIECES);
  private long passed;

  FaultyDirection(
      Socket from, Socket to, Fault fault, SplittableRandom random, Connection connection) {
    this.from = from;
    this.to = to;
    this.fault = fault;
    this.random = random;
    this.connection = connection;
  }

  void start() {
    Thread.ofVirtual().name("fault-in").start(this::receive);
    Thread.ofVirtual().name("fault-out").start(this::deliver);
  }

  private void receive() {
    long free = System.nanoTime();
    long due = free;
    try {
      try {
        from.setTcpNoDelay(true);
        InputStream in = from.getInputStream();
        byte[] buffer = new byte[Fault.ANY_PIECE];
        for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
          long now = System.nanoTime();
          free = Math.max(free, now) + (long) (1e9 * length * Byte.SIZE / fault.bitsPerSecond());
          long delay = fault.mostDelayNanos() == 0 ? 0 : random.nextLong(fault.mostDelayNanos());
          due = Math.max(due, free + delay); // TCP keeps the order
          queue.put(new Piece(ByteBuffer.wrap(Arrays.copyOf(buffer, length)), due));
        }
      } catch (IOException closed) {
        // the other direction sees the same
      }
      queue.put(new Piece(ByteBuffer.allocate(0), due));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void deliver() {
    try {
      to.setTcpNoDelay(true);
      OutputStream out = to.getOutputStream();
      while (true) {
        Piece piece = queue.take();
        sleepUntil(piece.dueNanos());
        if (!piece.bytes().hasRemaining()) {
          if (!swallowing()) {
            to.shutdownOutput();
          }
          return;
        }
        while (piece.bytes().hasRemaining()) {
          write(out, piece.bytes());
        }
      }
    } catch (IOException closed) {
      // whoever sent it learns that from its own side; what still comes has nowhere to go
      drain();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes some of the bytes, up to the one at which something happens. */
  private void write(OutputStream out, ByteBuffer bytes) throws IOException {
    int length = Math.min(fault.pieceBytes(), bytes.remaining());
    switch (fault.at()) {
      case Fault.At.Nothing() -> {}
      case Fault.At.Stall(long after, long nanos) -> {
        if (passed == after) {
          sleepUntil(System.nanoTime() + nanos);
        }
        length = upTo(after, length);
      }
      case Fault.At.Reset(long after) -> {
        if (passed == after) {
          connection.hangUp();
          throw new IOException("reset");
        }
        length = upTo(after, length);
      }
      case Fault.At.Swallow(long after) -> {
        length = upTo(after, length);
      }
    }
    if (!swallowing()) {
      out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), length);
      out.flush();
      connection.passed();
    }
    bytes.position(bytes.position() + length);
    passed += length;
  }

  private boolean swallowing() {
    return fault.at() instanceof Fault.At.Swallow(long after) && passed >= after;
  }

  private int upTo(long after, int length) {
    return passed < after ? (int) Math.min(length, after - passed) : length;
  }

  private void drain() {
    try {
      while (queue.take().bytes().hasRemaining()) {
        // nobody takes it
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void sleepUntil(long dueNanos) {
    for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }
}

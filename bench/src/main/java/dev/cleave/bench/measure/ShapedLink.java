package dev.cleave.bench.measure;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A network between two processes of this machine: a TCP relay that gives each direction a rate and
 * a delay, and counts the bytes. Everything above TCP passes through it, so its counts are what the
 * processes send: HTTP/2 frames and headers, gRPC, messages.
 *
 * <p>A piece leaves when the one before it has left and its bits had their time, and arrives one
 * delay later. Little is queued (a quarter of a second), then the sender's own TCP is held back.
 * Thread-safe.
 */
public final class ShapedLink implements AutoCloseable {
  private static final int PIECE_BYTES = 4 << 10;
  private static final int MIN_PIECES = 16;

  /**
   * What a direction does to its bytes.
   *
   * @param bitsPerSecond may be infinite
   * @param delayNanos of each byte
   */
  public record Shape(double bitsPerSecond, long delayNanos) {
    /** Nothing but counting. */
    public static final Shape NONE = new Shape(Double.POSITIVE_INFINITY, 0);

    /** Half of a round trip each way. */
    public static Shape of(double megabitsPerSecond, double roundTripMillis) {
      return new Shape(megabitsPerSecond * 1e6, (long) (roundTripMillis * 1e6 / 2));
    }

    int queuedPieces() {
      double pieces = bitsPerSecond / Byte.SIZE / PIECE_BYTES * (0.25 + 2e-9 * delayNanos);
      return (int) Math.clamp(pieces, MIN_PIECES, 4096);
    }
  }

  private record Piece(ByteBuffer bytes, long dueNanos) {}

  private final ServerSocket listener;
  private final int target;
  private final Shape shape;
  private final AtomicLong up = new AtomicLong();
  private final AtomicLong down = new AtomicLong();
  private final List<Socket> sockets = new ArrayList<>();

  private ShapedLink(ServerSocket listener, int target, Shape shape) {
    this.listener = listener;
    this.target = target;
    this.shape = shape;
  }

  /** Relays to a port of this machine. */
  public static ShapedLink to(int port, Shape shape) throws IOException {
    ServerSocket listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    ShapedLink link = new ShapedLink(listener, port, shape);
    Thread.ofPlatform().daemon().name("link-accept").start(link::accept);
    return link;
  }

  /** Where clients connect to. */
  public String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Bytes from clients to the server so far. */
  public long bytesUp() {
    return up.get();
  }

  /** Bytes from the server to clients so far. */
  public long bytesDown() {
    return down.get();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        synchronized (sockets) {
          sockets.add(client);
          sockets.add(server);
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        direction(client, server, up);
        direction(server, client, down);
      }
    } catch (SocketException closed) {
      // the link was closed
    } catch (IOException e) {
      throw new IllegalStateException("the link failed", e);
    }
  }

  private void direction(Socket from, Socket to, AtomicLong count) {
    BlockingQueue<Piece> queue = new ArrayBlockingQueue<>(shape.queuedPieces());
    Thread.ofPlatform().daemon().name("link-in").start(() -> receive(from, queue, count));
    Thread.ofPlatform().daemon().name("link-out").start(() -> deliver(queue, to));
  }

  private void receive(Socket from, BlockingQueue<Piece> queue, AtomicLong count) {
    long free = System.nanoTime();
    try {
      try {
        InputStream in = from.getInputStream();
        while (true) {
          byte[] bytes = new byte[PIECE_BYTES];
          int length = in.read(bytes);
          if (length < 0) {
            break;
          }
          count.addAndGet(length);
          long now = System.nanoTime();
          double nanos = 1e9 * length * Byte.SIZE / shape.bitsPerSecond();
          free = (free - now > 0 ? free : now) + (long) nanos;
          queue.put(new Piece(ByteBuffer.wrap(bytes, 0, length), free + shape.delayNanos()));
        }
      } catch (IOException closed) {
        // the other direction sees the same
      }
      queue.put(new Piece(ByteBuffer.allocate(0), free + shape.delayNanos()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void deliver(BlockingQueue<Piece> queue, Socket to) {
    try {
      OutputStream out = to.getOutputStream();
      while (true) {
        Piece piece = queue.take();
        long left = piece.dueNanos() - System.nanoTime();
        while (left > 0) {
          LockSupport.parkNanos(left);
          left = piece.dueNanos() - System.nanoTime();
        }
        if (!piece.bytes().hasRemaining()) {
          to.shutdownOutput();
          return;
        }
        out.write(piece.bytes().array(), 0, piece.bytes().limit());
        out.flush();
      }
    } catch (IOException closed) {
      // whoever sent it learns that from its own side
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    synchronized (sockets) {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }
}

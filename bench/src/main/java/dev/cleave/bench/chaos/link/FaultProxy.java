package dev.cleave.bench.chaos.link;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP relay on loopback whose directions go wrong as a plan says. What the plan leaves to chance
 * comes from a seed. Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
  private static final int BACKLOG = 64;

  private final ServerSocket listener;
  private final int target;
  private final FaultPlan plan;
  private final SplittableRandom random;
  private final AtomicInteger connections = new AtomicInteger();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile long lastDownNanos = System.nanoTime();
  private volatile Runnable told = () -> {};

  private FaultProxy(ServerSocket listener, int target, FaultPlan plan, long seed) {
    this.listener = listener;
    this.target = target;
    this.plan = plan;
    this.random = new SplittableRandom(seed);
  }

  /** Relays to a port of this machine. */
  public static FaultProxy to(int port, FaultPlan plan, long seed) throws IOException {
    ServerSocket listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
    FaultProxy proxy = new FaultProxy(listener, port, plan, seed);
    Thread.ofVirtual().name("fault-accept").start(proxy::accept);
    return proxy;
  }

  /** From now on this is run whenever the server's side has sent something. */
  public FaultProxy tellingSent(Runnable told) {
    this.told = told;
    return this;
  }

  /** Where clients connect to. */
  public String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** Connections so far. */
  public int connections() {
    return connections.get();
  }

  /** When the server's side sent something last, or this was made. */
  public long lastDownNanos() {
    return lastDownNanos;
  }

  private void accept() {
    while (true) {
      Socket client;
      try {
        client = listener.accept();
      } catch (IOException closed) {
        return;
      }
      relay(client, connections.getAndIncrement());
    }
  }

  private void relay(Socket client, int number) {
    sockets.add(client);
    Socket server;
    try {
      server = new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException refused) {
      reset(client); // as the server itself would have refused
      return;
    }
    sockets.add(server);
    direction(client, server, plan.up(number), () -> {});
    direction(server, client, plan.down(number), this::sent);
  }

  private void sent() {
    lastDownNanos = System.nanoTime();
    told.run();
  }

  private void direction(Socket from, Socket to, Fault fault, Runnable passed) {
    FaultyDirection.Connection connection =
        new FaultyDirection.Connection() {
          @Override
          public void hangUp() {
            reset(from);
            reset(to);
          }

          @Override
          public void passed() {
            passed.run();
          }
        };
    new FaultyDirection(from, to, fault, random.split(), connection).start();
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException closed) {
      // by the other direction
    }
  }

  /** Resets every connection that there is. */
  public void hangUp() {
    sockets.forEach(FaultProxy::reset);
    sockets.clear();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    hangUp();
  }
}

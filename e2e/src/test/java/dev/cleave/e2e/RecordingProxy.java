package dev.cleave.e2e;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A TCP proxy on loopback that keeps every byte of both directions: what an observer between device
 * and server sees. Thread-safe.
 */
final class RecordingProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int target;
  private final ByteArrayOutputStream up = new ByteArrayOutputStream();
  private final ByteArrayOutputStream down = new ByteArrayOutputStream();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  private RecordingProxy(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  static RecordingProxy start(int target) throws IOException {
    ServerSocket listener = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    RecordingProxy proxy = new RecordingProxy(listener, target);
    Thread.ofVirtual().start(proxy::accept);
    return proxy;
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** All bytes that went from the device to the server so far. */
  byte[] sent() {
    synchronized (up) {
      return up.toByteArray();
    }
  }

  byte[] received() {
    synchronized (down) {
      return down.toByteArray();
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket device = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        sockets.add(device);
        sockets.add(server);
        Thread.ofVirtual().start(() -> pump(device, server, up));
        Thread.ofVirtual().start(() -> pump(server, device, down));
      }
    } catch (IOException closed) {
      // The listener was closed: the test is over.
    }
  }

  private static void pump(Socket from, Socket to, ByteArrayOutputStream record) {
    byte[] buffer = new byte[16384];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        synchronized (record) {
          record.write(buffer, 0, count);
        }
        out.write(buffer, 0, count);
      }
    } catch (IOException closed) {
      // One side hung up; both sockets are closed by the try.
    }
  }

  /** Cuts every connection that there is. */
  void hangUp() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    hangUp();
  }
}

package dev.cleave.edge.link;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Passes one connection on until told to fall silent: then it swallows what comes, both ways. */
final class SilencedProxy implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
  private final ExecutorService pipes = Executors.newVirtualThreadPerTaskExecutor();
  private final int to;
  private volatile boolean silent;

  private SilencedProxy(int to) throws IOException {
    this.to = to;
  }

  static SilencedProxy to(int port) throws IOException {
    SilencedProxy proxy = new SilencedProxy(port);
    proxy.pipes.execute(proxy::accept);
    return proxy;
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  void silence() {
    silent = true;
  }

  private void accept() {
    try (Socket device = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), to)) {
      var up = pipes.submit(() -> pass(device, server));
      pass(server, device);
      up.get();
    } catch (Exception e) {
      // closed under it: the test is over
    }
  }

  private Void pass(Socket from, Socket to) throws IOException {
    byte[] bytes = new byte[8192];
    InputStream in = from.getInputStream();
    OutputStream out = to.getOutputStream();
    for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
      if (!silent) {
        out.write(bytes, 0, count);
      }
    }
    return null;
  }

  @Override
  public void close() throws IOException {
    listener.close();
    pipes.shutdownNow();
  }
}

package dev.cleave.bench.chaos.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each fault does what its name says, against a server that sends back what it gets. */
@Timeout(60)
class FaultProxyTest {
  private static final long SEED = 11;
  private static final int PATIENCE_MILLIS = 30_000;
  private static final int SILENCE_MILLIS = 300;

  private final ServerSocket echo = listener();

  private static ServerSocket listener() {
    try {
      return new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeEach
  void startEcho() {
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (true) {
              Socket socket = echo.accept();
              Thread.ofVirtual().start(() -> sendBack(socket));
            }
          } catch (IOException closed) {
            // the test is over
          }
        });
  }

  private static void sendBack(Socket socket) {
    try (socket) {
      socket.getInputStream().transferTo(socket.getOutputStream());
      socket.shutdownOutput();
    } catch (IOException gone) {
      // the test looks at its own side
    }
  }

  @AfterEach
  void stopEcho() throws IOException {
    echo.close();
  }

  @Test
  void delaysAndSplittingKeepEveryByteInItsPlace() throws IOException {
    FaultPlan plan =
        new FaultPlan(
            Fault.NONE.splitAtEveryByte().delayed(Duration.ofMillis(20)),
            Fault.NONE.splitAtEveryByte().narrowed(8e6),
            0);
    byte[] bytes = new byte[60_000];
    new SplittableRandom(SEED).nextBytes(bytes);
    try (FaultProxy proxy = proxy(plan);
        Socket socket = connect(proxy)) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              socket.getOutputStream().write(bytes);
              socket.shutdownOutput();
            } catch (IOException gone) {
              // then too little comes back
            }
          });
      assertThat(socket.getInputStream().readAllBytes()).isEqualTo(bytes);
    }
  }

  @Test
  void delayIsTaken() throws IOException {
    Fault half = new Fault(0, 80_000, Fault.ANY_PIECE, new Fault.At.Nothing());
    try (FaultProxy proxy = proxy(new FaultPlan(half, Fault.NONE, 0));
        Socket socket = connect(proxy)) {
      long began = System.nanoTime();
      socket.getOutputStream().write(new byte[1_000]);
      socket.getOutputStream().write(new byte[1_000]);
      socket.getInputStream().readNBytes(2_000);
      // 2000 bytes at 10,000 a second; the last piece is on its way when its bits have left
      assertThat(System.nanoTime() - began).isGreaterThan(90_000_000L);
    }
  }

  @Test
  void resetComesBehindItsByteAndOnTheFirstConnectionAlone() throws IOException {
    FaultPlan plan = new FaultPlan(Fault.NONE, Fault.NONE.with(new Fault.At.Reset(100)), 1);
    try (FaultProxy proxy = proxy(plan)) {
      try (Socket socket = connect(proxy)) {
        socket.getOutputStream().write(new byte[500]);
        assertThatThrownBy(() -> socket.getInputStream().readNBytes(500))
            .isInstanceOf(SocketException.class);
      }
      try (Socket again = connect(proxy)) {
        again.getOutputStream().write(new byte[500]);
        assertThat(again.getInputStream().readNBytes(500)).hasSize(500);
      }
      assertThat(proxy.connections()).isEqualTo(2);
    }
  }

  @Test
  void halfOpenSwallowsWithoutClosing() throws IOException {
    FaultPlan plan =
        new FaultPlan(Fault.NONE, Fault.NONE.with(new Fault.At.Swallow(100)), FaultPlan.ALL);
    try (FaultProxy proxy = proxy(plan);
        Socket socket = connect(proxy)) {
      socket.getOutputStream().write(new byte[500]);
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();
      assertThat(in.readNBytes(100)).hasSize(100);
      socket.setSoTimeout(SILENCE_MILLIS);
      assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void stallEndsAndAllComes() throws IOException {
    FaultPlan plan =
        new FaultPlan(
            Fault.NONE.with(new Fault.At.Stall(10, 400_000_000L)), Fault.NONE, FaultPlan.ALL);
    try (FaultProxy proxy = proxy(plan);
        Socket socket = connect(proxy)) {
      long began = System.nanoTime();
      socket.getOutputStream().write(new byte[500]);
      assertThat(socket.getInputStream().readNBytes(500)).hasSize(500);
      assertThat(System.nanoTime() - began).isGreaterThan(390_000_000L);
    }
  }

  private FaultProxy proxy(FaultPlan plan) throws IOException {
    return FaultProxy.to(echo.getLocalPort(), plan, SEED);
  }

  private static Socket connect(FaultProxy proxy) throws IOException {
    String address = proxy.address();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }
}

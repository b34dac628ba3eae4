package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.DecoderMethods;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Connections that speak HTTP/2 wrongly or not at all: garbage, a preface that is cut, frames of
 * chance, floods, headers and messages that are too large. One after the other.
 */
final class RawConnections implements Attack {
  private static final String PATH = "/" + DecoderMethods.GENERATE.getFullMethodName();
  private static final int FLOOD = 2_000;
  private static final int LARGE_HEADER = 1 << 20;
  private static final int LARGE_MESSAGE = 9 << 20;
  private static final int READ_MILLIS = 200;
  private static final byte[] NONE = {};

  /** What one connection sends. */
  private interface Sender {
    void send(OutputStream out, SplittableRandom random) throws IOException;
  }

  private record Way(String name, Sender sender) {}

  private static final List<Way> WAYS =
      List.of(
          new Way("garbage", RawConnections::garbage),
          new Way("preface cut", RawConnections::cutPreface),
          new Way("frames of chance", RawConnections::randomFrames),
          new Way("opening bytes flipped", RawConnections::flippedOpening),
          new Way("ping flood", RawConnections::pings),
          new Way("settings flood", RawConnections::settings),
          new Way("rapid reset", RawConnections::rapidReset),
          new Way("endless continuation", RawConnections::continuations),
          new Way("oversize header", RawConnections::oversizeHeader),
          new Way("oversize message", RawConnections::oversizeMessage),
          new Way("message that says 2 GiB", RawConnections::lyingMessage),
          new Way("unknown method", RawConnections::unknownMethod),
          new Way("HTTP/1.1", RawConnections::http1));

  @Override
  public void run(Target target, SplittableRandom random, int count, Tally tally)
      throws IOException, InterruptedException {
    for (int n = 0; n < count; n++) {
      Way way = WAYS.get(n % WAYS.size());
      try (Socket socket = target.socket()) {
        try {
          way.sender().send(socket.getOutputStream(), random);
        } catch (IOException closed) {
          tally.count(way.name() + ": closed by the server");
          continue;
        }
        tally.count(
            way.name() + (closedByServer(socket) ? ": closed by the server" : ": given up"));
      } catch (IOException refused) {
        tally.fault(way.name() + ": no connection, " + refused.getMessage());
      }
    }
  }

  /** Reads what comes for a moment. */
  private static boolean closedByServer(Socket socket) {
    try {
      socket.setSoTimeout(READ_MILLIS);
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[1 << 14];
      int reads = 0;
      while (in.read(buffer) >= 0) {
        if (++reads > FLOOD) {
          return false;
        }
      }
      return true;
    } catch (SocketTimeoutException silent) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  private static void garbage(OutputStream out, SplittableRandom random) throws IOException {
    byte[] bytes = new byte[random.nextInt(1, 1 << 16)];
    random.nextBytes(bytes);
    out.write(bytes);
  }

  private static void cutPreface(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Arrays.copyOf(Http2.PREFACE, random.nextInt(Http2.PREFACE.length)));
  }

  private static void randomFrames(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    for (int n = random.nextInt(1, 50); n > 0; n--) {
      out.write(Http2.randomFrame(random));
    }
  }

  private static void flippedOpening(OutputStream out, SplittableRandom random) throws IOException {
    byte[] bytes = Http2.join(Http2.opening(), call(1));
    for (int n = random.nextInt(1, 6); n > 0; n--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
    }
    out.write(bytes);
  }

  private static void pings(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    for (int n = 0; n < FLOOD; n++) {
      out.write(Http2.frame(Http2.PING, 0, 0, new byte[8]));
    }
  }

  private static void settings(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    for (int n = 0; n < FLOOD; n++) {
      out.write(Http2.frame(Http2.SETTINGS, 0, 0, NONE));
    }
  }

  private static void rapidReset(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    for (int n = 0; n < FLOOD; n++) {
      int stream = 2 * n + 1;
      out.write(call(stream));
      out.write(Http2.frame(Http2.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8}));
    }
  }

  private static void continuations(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    out.write(Http2.frame(Http2.HEADERS, 0, 1, Http2.headers(PATH, "", "")));
    byte[] more = new byte[1 << 10];
    for (int n = 0; n < FLOOD; n++) {
      out.write(Http2.frame(Http2.CONTINUATION, 0, 1, more));
    }
  }

  private static void oversizeHeader(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.opening());
    byte[] block = Http2.headers(PATH, "cleave-session", "0".repeat(LARGE_HEADER));
    int piece = 1 << 14;
    for (int at = 0; at < block.length; at += piece) {
      byte[] part = Arrays.copyOfRange(block, at, Math.min(at + piece, block.length));
      int flags = at + piece >= block.length ? Http2.END_HEADERS : 0;
      out.write(Http2.frame(at == 0 ? Http2.HEADERS : Http2.CONTINUATION, flags, 1, part));
    }
  }

  private static void oversizeMessage(OutputStream out, SplittableRandom random)
      throws IOException {
    out.write(Http2.join(Http2.opening(), call(1)));
    byte[] message = Http2.message(LARGE_MESSAGE, new byte[1 << 13]);
    // As much as the window lets through at first, and then as if there were none.
    for (int n = 0; n < LARGE_MESSAGE >> 13; n++) {
      out.write(Http2.frame(Http2.DATA, 0, 1, message));
    }
  }

  private static void lyingMessage(OutputStream out, SplittableRandom random) throws IOException {
    out.write(Http2.join(Http2.opening(), call(1)));
    byte[] message = Http2.message(Integer.MAX_VALUE, new byte[64]);
    out.write(Http2.frame(Http2.DATA, Http2.END_STREAM, 1, message));
  }

  private static void unknownMethod(OutputStream out, SplittableRandom random) throws IOException {
    String path = "/" + "x".repeat(random.nextInt(1, 4_000));
    byte[] headers = Http2.headers(path, "", "");
    out.write(Http2.opening());
    out.write(Http2.frame(Http2.HEADERS, Http2.END_HEADERS | Http2.END_STREAM, 1, headers));
  }

  private static void http1(OutputStream out, SplittableRandom random) throws IOException {
    out.write(
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
  }

  private static byte[] call(int stream) {
    return Http2.frame(Http2.HEADERS, Http2.END_HEADERS, stream, Http2.headers(PATH, "", ""));
  }
}

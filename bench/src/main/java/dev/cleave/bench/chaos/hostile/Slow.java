package dev.cleave.bench.chaos.hostile;

import dev.cleave.wire.DecoderMethods;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.SplittableRandom;

/** One connection that sends a byte at a time, as slowly as it is told to. Confined to a thread. */
final class Slow implements AutoCloseable {
  private static final String PATH = "/" + DecoderMethods.GENERATE.getFullMethodName();
  private static final int STREAMS = 20;
  private static final int HALF_A_PREFACE = 10;

  private final Socket socket;
  private final String name;
  private final byte[] slowly;
  private final boolean reads;
  private int sent;
  private boolean closed;

  private Slow(Socket socket, String name, byte[] slowly, boolean reads) {
    this.socket = socket;
    this.name = name;
    this.slowly = slowly;
    this.reads = reads;
  }

  static Slow open(Target target, int number, Corpus corpus, SplittableRandom random)
      throws IOException {
    String name;
    byte[] atOnce = {};
    byte[] slowly = {};
    boolean reads = true;
    switch (number % 5) {
      case 0 -> name = "says nothing";
      case 1 -> {
        name = "half a preface";
        atOnce = java.util.Arrays.copyOf(Http2.PREFACE, HALF_A_PREFACE);
      }
      case 2 -> {
        name = "a byte at a time";
        slowly = Http2.join(Http2.opening(), stream(1, corpus.stream(random)));
      }
      case 3 -> {
        name = "opens streams and says no more";
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(Http2.opening());
        for (int n = 0; n < STREAMS; n++) {
          all.writeBytes(stream(2 * n + 1, List.of()));
        }
        atOnce = all.toByteArray();
      }
      default -> {
        name = "asks and never reads";
        atOnce = Http2.join(Http2.openingWithoutWindow(), stream(1, corpus.stream(random)));
        reads = false;
      }
    }
    Socket socket = target.socket();
    Slow slow = new Slow(socket, name, slowly, reads);
    try {
      socket.getOutputStream().write(atOnce);
    } catch (IOException gone) {
      slow.closed = true;
    }
    return slow;
  }

  String name() {
    return name;
  }

  /** Sends a byte more, if it has one, and reads what has come. */
  void crawl() {
    if (closed) {
      return;
    }
    try {
      if (sent < slowly.length) {
        socket.getOutputStream().write(slowly[sent++]);
      }
      InputStream in = socket.getInputStream();
      if (reads && in.available() > 0) {
        in.skipNBytes(in.available());
      }
    } catch (IOException gone) {
      closed = true;
    }
  }

  /** Whether the server has ended the connection. */
  boolean closedByServer() {
    if (closed) {
      return true;
    }
    try {
      socket.setSoTimeout(1);
      return socket.getInputStream().read(new byte[1 << 16]) < 0;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (IOException gone) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  private static byte[] stream(int number, List<byte[]> messages) {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    frames.writeBytes(
        Http2.frame(Http2.HEADERS, Http2.END_HEADERS, number, Http2.headers(PATH, "", "")));
    for (byte[] message : messages) {
      frames.writeBytes(Http2.frame(Http2.DATA, 0, number, Http2.message(message.length, message)));
    }
    return frames.toByteArray();
  }
}

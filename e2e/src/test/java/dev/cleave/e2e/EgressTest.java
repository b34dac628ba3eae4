package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.v1.DeviceMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What crosses the network during a real generation holds neither the prompt nor its token ids. */
class EgressTest {
  @TempDir static Path work;
  private static Path bundle = Path.of("");
  private static @Nullable ServerProcess server;

  @BeforeAll
  static void serve() throws IOException {
    bundle = Bundles.calibratedReference(work);
    server = ServerProcess.start(bundle, "--max-sessions", "2");
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
  }

  static List<String> codecs() {
    return CodecChoice.names().stream().map(name -> name.replace("BITS", "3")).toList();
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void neitherPromptNorTokenIdsCross(String codec) throws IOException {
    String note = longestNote();
    GenerateOptions options = GenerateOptions.defaults().withCodec(CodecChoice.parse(codec));
    try (RecordingProxy proxy = RecordingProxy.start(Objects.requireNonNull(server).port());
        CleaveClient client = CleaveClient.open(bundle, proxy.address());
        Generation answer = client.generate(note, options)) {
      answer.forEach(piece -> {});
      assertThat(answer.tokenIds()).isNotEmpty();
      int[] ids = client.tokenize(note);
      byte[] sent = proxy.sent();
      // The recording is of this generation: the frames alone are this long.
      assertThat(sent.length).isGreaterThan((int) answer.receipt().sent().frameBytes());
      assertThat(proxy.received()).isNotEmpty();
      assertThat(Leaks.find(sent, note, ids)).isEmpty();
      // Nor does it come back, and nothing of it is in the server's log.
      assertThat(Leaks.find(proxy.received(), note, ids)).isEmpty();
      assertThat(server.log()).doesNotContain(note.substring(0, 12));
    }
  }

  /** The positive control: the same search finds every kind of leak in bytes that crossed. */
  @Test
  void aLeakyMessageIsFound() throws IOException {
    String note = longestNote();
    int[] ids = new int[40];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = 3 + i * 37 % 900;
    }
    assertThat(Leaks.find(cross(leaky(note.getBytes(StandardCharsets.UTF_8))), note, ids))
        .anyMatch(leak -> leak.startsWith("prompt as UTF-8"));
    assertThat(Leaks.find(cross(leaky(note.getBytes(StandardCharsets.UTF_16LE))), note, ids))
        .anyMatch(leak -> leak.startsWith("prompt as UTF-16LE"));
    assertThat(Leaks.find(cross(leaky(Leaks.varints(ids))), note, ids))
        .anyMatch(leak -> leak.startsWith("token ids as varint"));
    for (int bytes : new int[] {2, 4, 8}) {
      assertThat(
              Leaks.find(cross(leaky(Leaks.fixed(ids, bytes, ByteOrder.LITTLE_ENDIAN))), note, ids))
          .anyMatch(leak -> leak.startsWith("token ids as int" + 8 * bytes));
    }
    String middle = note.substring(5, 17);
    assertThat(Leaks.find(cross(leaky(middle.getBytes(StandardCharsets.UTF_8))), note, ids))
        .isNotEmpty();
  }

  private static String longestNote() throws IOException {
    return Bundles.samples().stream()
        .map(Bundles.Sample::note)
        .max(Comparator.comparingInt(String::length))
        .orElseThrow();
  }

  private static byte[] leaky(byte[] secret) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[333]);
    DeviceMessage.newBuilder().setHidden(ByteString.copyFrom(secret)).build().writeTo(out);
    out.write(new byte[333]);
    return out.toByteArray();
  }

  /** Sends the bytes through the recording proxy and returns the recording. */
  private static byte[] cross(byte[] message) throws IOException {
    try (ServerSocket sink = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        RecordingProxy proxy = RecordingProxy.start(sink.getLocalPort())) {
      String address = proxy.address();
      int port = Integer.parseInt(address.substring(address.indexOf(':') + 1));
      try (Socket device = new Socket(InetAddress.getLoopbackAddress(), port)) {
        device.getOutputStream().write(message);
        device.shutdownOutput();
        try (Socket server = sink.accept()) {
          server.getInputStream().readAllBytes();
        }
      }
      return proxy.sent();
    }
  }
}

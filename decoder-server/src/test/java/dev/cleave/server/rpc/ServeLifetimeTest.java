package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.codec.HeaderForm;
import dev.cleave.server.cli.LifetimeProcess;
import dev.cleave.v1.FinishReason;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireReason;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that serves, and the signals to it. */
@Timeout(90)
class ServeLifetimeTest {

  private static final float[] FOUR = TestServer.prompt(1, 4);
  private static final long SECONDS = 40;

  @TempDir private Path folder = Path.of("");
  private @Nullable Process process;
  private @Nullable ManagedChannel channel;

  @AfterEach
  void end() throws InterruptedException {
    if (channel != null) {
      channel.shutdownNow();
    }
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void sigtermLetsTheAnswerEndAndTheProcessWithStatusZero() throws Exception {
    Process server = start(SECONDS * 1000, SECONDS * 1000);
    TestCall running = generate(30);
    step(server, 1);
    running.next();
    terminate(server);
    awaitNoPortFile();
    assertThat(call().send(TestServer.opening(4, 5)).awaitError().reason())
        .isEqualTo(WireReason.DRAINING.name());
    step(server, 29);
    assertThat(running.awaitAnswer().done().getReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(exit(server)).isZero();
  }

  @Test
  void aSecondSignalTellsAllToMoveBehindTheTokensThatTheyHave() throws Exception {
    Process server = start(SECONDS * 1000, SECONDS * 1000);
    TestCall running = generate(30);
    step(server, 3);
    for (int token = 0; token < 3; token++) {
      assertThat(running.next().hasToken()).isTrue();
    }
    terminate(server);
    awaitNoPortFile();
    terminate(server);
    WireError moved = running.awaitError();
    assertThat(moved.reason()).isEqualTo(WireReason.DRAINING.name());
    step(server, 200); // the one under way ends, and there is no other
    assertThat(exit(server)).isZero();
  }

  @Test
  void aDrainTimeOutOfZeroTellsAllToMoveAtOnce() throws Exception {
    Process server = start(0, SECONDS * 1000);
    TestCall running = generate(30);
    terminate(server);
    assertThat(running.awaitError().reason()).isEqualTo(WireReason.DRAINING.name());
    step(server, 200); // the one under way ends, and there is no other
    assertThat(exit(server)).isZero();
  }

  @Test
  void aStuckEngineEndsTheProcessWithAStatusOfItsOwn() throws Exception {
    Process server = start(SECONDS * 1000, 300);
    TestCall running = generate(30);
    assertThat(running.awaitError().reason()).isEqualTo(WireReason.ENGINE_STUCK.name());
    assertThat(exit(server)).isEqualTo(70);
    assertThat(folder.resolve("port")).doesNotExist();
  }

  private Process start(long drainMillis, long stepMillis) throws Exception {
    Path portFile = folder.resolve("port");
    Process started =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                LifetimeProcess.class.getName(),
                portFile.toString(),
                Long.toString(drainMillis),
                Long.toString(stepMillis))
            .redirectError(folder.resolve("log").toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process = started;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!Files.exists(portFile)) {
      if (!started.isAlive() || System.nanoTime() > deadline) {
        throw new AssertionError("not ready: " + Files.readString(folder.resolve("log")));
      }
      TimeUnit.MILLISECONDS.sleep(10);
    }
    int port = Integer.parseInt(Files.readString(portFile));
    channel = NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    return started;
  }

  private TestCall call() {
    return TestCall.open(java.util.Objects.requireNonNull(channel));
  }

  private TestCall generate(int tokens) throws InterruptedException {
    TestCall call =
        call()
            .send(
                TestServer.opening(4, tokens),
                TestServer.frame(FOUR, 0, HeaderForm.LONG),
                new Uplink.EndOfPrompt(4));
    call.awaitOpened();
    return call;
  }

  /** Not by the process itself, which would close its standard input as well. */
  private static void terminate(Process server) {
    assertThat(server.toHandle().destroy()).isTrue();
  }

  private static void step(Process server, int count) {
    try {
      OutputStream in = server.getOutputStream();
      in.write("s".repeat(count).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      in.flush();
    } catch (IOException e) {
      assertThat(List.of(e)).as("it has ended already").isNotEmpty();
    }
  }

  private void awaitNoPortFile() throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (Files.exists(folder.resolve("port"))) {
      assertThat(System.nanoTime()).as("the signal was heard").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static int exit(Process server) throws InterruptedException {
    assertThat(server.waitFor(SECONDS, TimeUnit.SECONDS)).as("the process ended").isTrue();
    return server.exitValue();
  }
}

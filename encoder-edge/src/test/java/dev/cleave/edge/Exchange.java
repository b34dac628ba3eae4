package dev.cleave.edge;

import dev.cleave.v1.Done;
import dev.cleave.v1.FinishReason;
import dev.cleave.v1.Open;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireCodec;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The server's side of one generation, for scripts. */
public final class Exchange {
  /** Elements per position of the fixture that the tests of the client use. */
  static final int WIDTH = 64;

  private final ServerCallStreamObserver<ServerMessage> responses;
  private final LinkedBlockingQueue<Uplink> received = new LinkedBlockingQueue<>();
  private final CountDownLatch halfClosed = new CountDownLatch(1);

  /** Filled by {@link #prompt}. */
  final List<ByteBuffer> frames = new ArrayList<>();

  Exchange(ServerCallStreamObserver<ServerMessage> responses) {
    this.responses = responses;
    responses.setOnCancelHandler(() -> {});
  }

  StreamObserver<Uplink> uplinks() {
    return new StreamObserver<>() {
      @Override
      public void onNext(Uplink message) {
        received.add(message);
      }

      @Override
      public void onError(Throwable failure) {
        // The client went away, which the script sees by isCancelled().
      }

      @Override
      public void onCompleted() {
        halfClosed.countDown();
      }
    };
  }

  /** The next message of the device; fails when none comes. */
  public <T extends Uplink> T expect(Class<T> kind) throws InterruptedException {
    Uplink message = received.poll(10, TimeUnit.SECONDS);
    if (!kind.isInstance(message)) {
      throw new AssertionError("expected %s, got %s".formatted(kind.getSimpleName(), message));
    }
    return kind.cast(message);
  }

  boolean nothingReceived() {
    return received.isEmpty();
  }

  /** Takes Open and answers it with these frames' size. */
  public Open open(int positionsPerFrame) throws InterruptedException {
    Open open = expect(Uplink.OpenSession.class).open();
    send(opened(open, positionsPerFrame));
    return open;
  }

  /** Takes the whole prompt after {@link #open}; returns its positions. */
  int prompt() throws InterruptedException {
    while (true) {
      Uplink message = received.poll(10, TimeUnit.SECONDS);
      if (message instanceof Uplink.EndOfPrompt(int positions)) {
        return positions;
      }
      if (!(message instanceof Uplink.Hidden(ByteBuffer frame))) {
        throw new AssertionError("expected Hidden or EndOfPrompt, got " + message);
      }
      frames.add(frame);
    }
  }

  /** Open and the whole prompt. */
  public Open accept() throws InterruptedException {
    Open open = open(64);
    prompt();
    return open;
  }

  static Opened opened(Open open, int positionsPerFrame) {
    return WireCodec.of(open)
        .putInto(Opened.newBuilder())
        .setSession(7)
        .setWidth(WIDTH)
        .setMaxPositionsPerFrame(positionsPerFrame)
        .setMaxPromptPositions(1024)
        .setMaxNewTokens(1024)
        .setServerName("scripted")
        .build();
  }

  void send(Opened opened) {
    responses.onNext(ServerMessage.newBuilder().setOpened(opened).build());
  }

  void send(Token token) {
    responses.onNext(ServerMessage.newBuilder().setToken(token).build());
  }

  void send(Done done) {
    responses.onNext(ServerMessage.newBuilder().setDone(done).build());
  }

  /** Answers the steps of a session; the first id stands behind {@code position}. */
  public void sampled(int position, int... ids) {
    Sampled.Builder sampled = Sampled.newBuilder().setPosition(position);
    Arrays.stream(ids).forEach(sampled::addIds);
    responses.onNext(ServerMessage.newBuilder().setSampled(sampled).build());
  }

  /** Waits until the device sends no more; fails when it goes on. */
  void awaitHalfClose() throws InterruptedException {
    if (!halfClosed.await(20, TimeUnit.SECONDS)) {
      throw new AssertionError("the device did not close its side");
    }
  }

  /** The next message of the device, whatever it is; fails when none comes. */
  public Uplink next() throws InterruptedException {
    return expect(Uplink.class);
  }

  public void tokens(int firstPosition, int... ids) {
    for (int i = 0; i < ids.length; i++) {
      send(Token.newBuilder().setPosition(firstPosition + i).setId(ids[i]).build());
    }
  }

  public void done(FinishReason reason, int tokens) {
    send(Done.newBuilder().setReason(reason).setTokens(tokens).build());
    responses.onCompleted();
  }

  void end() {
    responses.onCompleted();
  }

  /** Ends the stream with this status, behind what was sent. */
  public void fail(Throwable status) {
    responses.onError(status);
  }

  void die() {
    if (!responses.isCancelled()) {
      responses.onError(Status.INTERNAL.withDescription("the script failed").asRuntimeException());
    }
  }

  /** Whether the connection takes more without storing it. */
  boolean ready() {
    return responses.isReady();
  }

  boolean cancelled() {
    return responses.isCancelled();
  }
}

package dev.cleave.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.v1.Done;
import dev.cleave.v1.Opened;
import dev.cleave.v1.Sampled;
import dev.cleave.v1.ServerMessage;
import dev.cleave.v1.Token;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import dev.cleave.wire.WireError;
import dev.cleave.wire.WireStatus;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One Generate call by hand: sends what it is told, asks for messages only when told to. */
final class TestCall {

  private static final long SECONDS = 20;

  private final ClientCall<Uplink, ServerMessage> call;
  private final BlockingQueue<ServerMessage> received = new LinkedBlockingQueue<>();
  private final CompletableFuture<WireErrorOrOk> closed = new CompletableFuture<>();

  private record WireErrorOrOk(Status status, WireError error) {}

  private TestCall(Channel channel) {
    this.call = channel.newCall(DecoderMethods.GENERATE, CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(ServerMessage message) {
            received.add(message);
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            closed.complete(
                new WireErrorOrOk(
                    status,
                    status.isOk()
                        ? new WireError(
                            Status.Code.UNKNOWN,
                            "",
                            "",
                            java.util.Map.of(),
                            java.util.Optional.empty())
                        : WireStatus.read(status.asRuntimeException(trailers))));
          }
        },
        new Metadata());
  }

  /** A call whose messages are read as they come. */
  static TestCall open(Channel channel) {
    TestCall opened = new TestCall(channel);
    opened.read(Integer.MAX_VALUE);
    return opened;
  }

  /** A call that reads nothing until {@link #read}. */
  static TestCall openUnread(Channel channel) {
    return new TestCall(channel);
  }

  TestCall send(Uplink... messages) {
    for (Uplink message : messages) {
      call.sendMessage(message);
    }
    return this;
  }

  void read(int messages) {
    call.request(messages);
  }

  void halfClose() {
    call.halfClose();
  }

  void vanish() {
    call.cancel("the test's client goes away", null);
  }

  ServerMessage next() throws InterruptedException {
    ServerMessage message = received.poll(SECONDS, TimeUnit.SECONDS);
    if (message == null) {
      throw new AssertionError("no message within " + SECONDS + " s; closed: " + closed);
    }
    return message;
  }

  Opened awaitOpened() throws InterruptedException {
    ServerMessage message = next();
    assertThat(message.getMessageCase()).isEqualTo(ServerMessage.MessageCase.OPENED);
    return message.getOpened();
  }

  /** The answer to an end of a prompt or to a step. */
  Sampled awaitSampled() throws InterruptedException {
    ServerMessage message = next();
    assertThat(message.getMessageCase()).isEqualTo(ServerMessage.MessageCase.SAMPLED);
    return message.getSampled();
  }

  boolean hasReceived() {
    return !received.isEmpty();
  }

  /** Everything up to and with Done, then the OK status. */
  Answer awaitAnswer() throws Exception {
    List<Token> tokens = new ArrayList<>();
    while (true) {
      ServerMessage message = next();
      switch (message.getMessageCase()) {
        case TOKEN -> tokens.add(message.getToken());
        case DONE -> {
          assertThat(closed.get(SECONDS, TimeUnit.SECONDS).status().getCode())
              .isEqualTo(Status.Code.OK);
          return new Answer(List.copyOf(tokens), message.getDone());
        }
        case OPENED, SAMPLED, MESSAGE_NOT_SET -> throw new AssertionError("unexpected " + message);
      }
    }
  }

  /** The error the call ended with. */
  WireError awaitError() throws Exception {
    WireErrorOrOk end = closed.get(SECONDS, TimeUnit.SECONDS);
    assertThat(end.status().isOk()).as("the call ended in order").isFalse();
    return end.error();
  }

  record Answer(List<Token> tokens, Done done) {
    int[] ids() {
      return tokens.stream().mapToInt(Token::getId).toArray();
    }
  }
}

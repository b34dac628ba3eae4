package dev.cleave.wire;

import dev.cleave.v1.ServerMessage;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Collects what a server answers, up to its end or failure. */
final class Replies implements StreamObserver<ServerMessage> {
  private final List<ServerMessage> messages = new ArrayList<>();
  final CompletableFuture<List<ServerMessage>> all = new CompletableFuture<>();

  @Override
  public void onNext(ServerMessage message) {
    messages.add(message);
  }

  @Override
  public void onError(Throwable failure) {
    all.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    all.complete(messages);
  }
}

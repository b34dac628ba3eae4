package dev.cleave.server.call;

import dev.cleave.codec.CodecMode;
import dev.cleave.server.engine.DecoderShape;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.Preset;
import dev.cleave.v1.ServerMessage;
import dev.cleave.wire.DecoderMethods;
import dev.cleave.wire.Uplink;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.Locale;

/** {@code cleave.v1.Decoder} over the parts of one server. Thread-safe. */
public final class DecoderService {

  private final SessionHost host;
  private final DescribeReply describe;

  public DecoderService(SessionHost host, DecoderShape shape, String version) {
    this.host = host;
    var limits = host.policy().limits();
    DescribeReply.Builder reply =
        DescribeReply.newBuilder()
            .setBundleId(host.policy().model().bundleIdBytes())
            .setArchitecture(host.policy().model().architecture())
            .setServerName(host.serverName())
            .setVersion(version)
            .setWidth(shape.width())
            .setMaxPromptPositions(limits.maxPromptPositions())
            .setMaxNewTokens(limits.maxNewTokens())
            .setMaxSessions(limits.maxSessions())
            .setDevice(shape.device())
            .setPrecision(shape.precision());
    for (CodecMode mode : CodecMode.values()) {
      reply.addCodecs(dev.cleave.v1.CodecMode.forNumber(mode.wireNumber()));
    }
    describeCodec(host.policy().model().codec(), reply);
    this.describe = reply.build();
  }

  private static void describeCodec(ServedCodec codec, DescribeReply.Builder reply) {
    if (codec.profile() != null) {
      reply.setProfileHash(codec.profile().hash().toString());
    }
    for (CodecSection.Preset preset : codec.presets()) {
      reply.addPresets(
          Preset.newBuilder()
              .setName(preset.name())
              // Modes have the same names in bundles, in lower case.
              .setCodec(dev.cleave.v1.CodecMode.valueOf(preset.mode().toUpperCase(Locale.ROOT)))
              .setBytesPerPosition(preset.bytesPerPosition())
              .setBitsPerElement(preset.bitsPerElement())
              .setKl(preset.effect().kl())
              .setAgreement(preset.effect().agreement()));
    }
  }

  /** The service with its handlers and its schema. */
  public ServerServiceDefinition definition() {
    return ServerServiceDefinition.builder(DecoderMethods.serviceDescriptor())
        .addMethod(DecoderMethods.GENERATE, ServerCalls.asyncBidiStreamingCall(this::generate))
        .addMethod(DecoderMethods.DESCRIBE, ServerCalls.asyncUnaryCall(this::describe))
        .build();
  }

  private StreamObserver<Uplink> generate(StreamObserver<ServerMessage> responses) {
    return new GenerateCall(host, (ServerCallStreamObserver<ServerMessage>) responses);
  }

  private void describe(DescribeRequest request, StreamObserver<DescribeReply> responses) {
    responses.onNext(describe.toBuilder().setOpenSessions(host.table().openSessions()).build());
    responses.onCompleted();
  }
}

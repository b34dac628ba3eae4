package dev.cleave.server.call;

import dev.cleave.codec.CodecMode;
import dev.cleave.server.admission.Refused;
import dev.cleave.server.admission.ServedCodec;
import dev.cleave.server.causal.SegmentScheduler;
import dev.cleave.server.schedule.Scheduler;
import dev.cleave.server.stream.Opening;
import dev.cleave.server.stream.SessionHost;
import dev.cleave.server.stream.StreamCall;
import dev.cleave.server.tenant.Caller;
import dev.cleave.server.tenant.Tenancy;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.server.tenant.TenantLimits;
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

  /**
   * What computes, as {@code Describe} says it.
   *
   * @param device cpu or cuda:N
   * @param precision of the weights
   * @param version of the server
   */
  public record Engine(String device, String precision, String version) {}

  private final SessionHost host;
  private final Opening.Rule rule;
  private final DescribeReply describe;

  private DecoderService(SessionHost host, Opening.Rule rule, Engine engine) {
    this.host = host;
    this.rule = rule;
    var limits = host.policy().limits();
    DescribeReply.Builder reply =
        DescribeReply.newBuilder()
            .setBundleId(host.policy().model().bundleIdBytes())
            .setArchitecture(host.policy().model().architecture())
            .setServerName(host.serverName())
            .setVersion(engine.version())
            .setWidth(host.policy().width())
            .setMaxPromptPositions(limits.maxPromptPositions())
            .setMaxNewTokens(limits.maxNewTokens())
            .setMaxSessions(limits.maxSessions())
            .setDevice(engine.device())
            .setPrecision(engine.precision());
    for (CodecMode mode : CodecMode.values()) {
      reply.addCodecs(dev.cleave.v1.CodecMode.forNumber(mode.wireNumber()));
    }
    describeCodec(host.policy().model().codec(), reply);
    this.describe = reply.build();
  }

  /** Of an encoder-decoder model: a call is one generation. */
  public static DecoderService decoding(SessionHost host, Scheduler scheduler, Engine engine) {
    return new DecoderService(host, GenerateCall.rule(host.policy(), scheduler), engine);
  }

  /**
   * Of a causal model: a call is one session.
   *
   * @param limits of causal sessions
   */
  public static DecoderService causal(
      SessionHost host, SegmentScheduler scheduler, SessionCall.Limits limits, Engine engine) {
    return new DecoderService(host, SessionCall.rule(host.policy(), scheduler, limits), engine);
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
    return new StreamCall(host, rule, (ServerCallStreamObserver<ServerMessage>) responses);
  }

  private void describe(DescribeRequest request, StreamObserver<DescribeReply> responses) {
    Tenant tenant = Caller.current().tenant();
    Tenancy tenancy;
    try {
      tenancy = host.entrance().gate().enter(tenant);
    } catch (Refused e) {
      host.metrics().rejected(e.reason());
      host.tenantMetrics().rejected(tenant);
      responses.onError(e.status());
      return;
    }
    TenantLimits.Sizes sizes = tenancy.limits().sizes();
    responses.onNext(
        describe.toBuilder()
            .setOpenSessions(host.table().openSessions())
            .setMaxPromptPositions(
                Math.min(describe.getMaxPromptPositions(), sizes.promptPositions()))
            .setMaxNewTokens(Math.min(describe.getMaxNewTokens(), sizes.newTokens()))
            .build());
    responses.onCompleted();
  }
}

package dev.cleave.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameDecoder;
import dev.cleave.codec.FrameLimits;
import dev.cleave.codec.MalformedFrame;
import dev.cleave.codec.StreamSpec;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WireStatusTest {

  @ParameterizedTest
  @EnumSource(WireReason.class)
  void readsBackWhatWasSaid(WireReason reason) {
    WireError error =
        WireError.of(reason, "no, because")
            .withMetadata("server_bundle", "00ff")
            .withMetadata("device_bundle", "11ee")
            .withRetryDelay(Duration.ofMillis(1250));
    StatusRuntimeException thrown = WireStatus.exception(error);
    assertThat(thrown.getStatus().getCode()).isEqualTo(reason.code());
    assertThat(WireStatus.read(thrown)).isEqualTo(error);
    assertThat(WireStatus.read(thrown).is(reason)).isTrue();
    assertThat(WireStatus.read(new IllegalStateException("around", thrown))).isEqualTo(error);
  }

  @Test
  void carriesTheStandardDetails() throws Exception {
    WireError error =
        WireError.of(WireReason.NO_KV_ROOM, "full").withRetryDelay(Duration.ofSeconds(2));
    com.google.rpc.Status status = StatusProto.fromThrowable(WireStatus.exception(error));
    assertThat(status).isNotNull();
    assertThat(status.getDetailsCount()).isEqualTo(2);
    ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
    assertThat(info.getDomain()).isEqualTo("cleave.dev");
    assertThat(info.getReason()).isEqualTo("NO_KV_ROOM");
    assertThat(status.getDetails(1).unpack(RetryInfo.class).getRetryDelay().getSeconds())
        .isEqualTo(2);
  }

  @Test
  void readsWhatIsNotOurs() {
    WireError transport = WireStatus.read(Status.UNAVAILABLE.withDescription("gone").asException());
    assertThat(transport.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(transport.reason()).isEmpty();
    assertThat(transport.message()).isEqualTo("gone");
    assertThat(transport.retryDelay()).isEmpty();
    assertThat(WireStatus.read(new IllegalStateException("x")).code())
        .isEqualTo(Status.Code.UNKNOWN);
  }

  @Test
  void ignoresDetailsThatLie() {
    ErrorInfo foreign =
        ErrorInfo.newBuilder().setDomain("elsewhere").setReason("BUNDLE_MISMATCH").build();
    Any garbage =
        Any.newBuilder()
            .setTypeUrl("type.googleapis.com/google.rpc.RetryInfo")
            .setValue(ByteString.copyFrom(new byte[] {0x0A, 0x7F}))
            .build();
    RetryInfo negative =
        RetryInfo.newBuilder()
            .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(-5))
            .build();
    RetryInfo forever =
        RetryInfo.newBuilder()
            .setRetryDelay(
                com.google.protobuf.Duration.newBuilder()
                    .setSeconds(Long.MAX_VALUE)
                    .setNanos(Integer.MAX_VALUE))
            .build();
    for (Any detail :
        new Any[] {Any.pack(foreign), garbage, Any.pack(negative), Any.pack(forever)}) {
      WireError read =
          WireStatus.read(
              StatusProto.toStatusRuntimeException(
                  com.google.rpc.Status.newBuilder().setCode(8).addDetails(detail).build()));
      assertThat(read.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(read.reason()).isEmpty();
      assertThat(read.metadata()).isEqualTo(Map.of());
      assertThat(read.retryDelay()).isEmpty();
    }
  }

  @Test
  void framesAreRefusedByTheirFault() {
    FrameDecoder decoder =
        FrameDecoder.of(new StreamSpec(CodecMode.INT8, 4), new FrameLimits(1, 4, 64));
    MalformedFrame checksum =
        catchThrowableOfType(
            MalformedFrame.class,
            () -> decoder.inspect(ByteBuffer.wrap(new byte[20]).put(0, (byte) 0xC5)));
    assertThat(WireStatus.read(WireStatus.exception(checksum)).code())
        .isEqualTo(Status.Code.DATA_LOSS);
    MalformedFrame empty =
        catchThrowableOfType(MalformedFrame.class, () -> decoder.inspect(ByteBuffer.allocate(0)));
    assertThat(WireStatus.read(WireStatus.exception(empty)).code())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    for (MalformedFrame.Fault fault : MalformedFrame.Fault.values()) {
      assertThat(WireReason.of(fault).code())
          .isEqualTo(
              fault == MalformedFrame.Fault.CHECKSUM
                  ? Status.Code.DATA_LOSS
                  : Status.Code.INVALID_ARGUMENT);
    }
  }

  @Test
  void modesHaveTheNumbersOfTheFrames() {
    for (CodecMode mode : CodecMode.values()) {
      dev.cleave.v1.CodecMode onWire = dev.cleave.v1.CodecMode.forNumber(mode.wireNumber());
      assertThat(onWire).isNotNull();
      assertThat(onWire.name()).isEqualTo(mode.name());
    }
  }

  @Test
  void errorsAreNeitherOkNorInThePast() {
    WireError error = WireError.of(WireReason.INTERNAL, "");
    assertThatThrownBy(() -> error.withRetryDelay(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new WireError(Status.Code.OK, "", "", Map.of(), error.retryDelay()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

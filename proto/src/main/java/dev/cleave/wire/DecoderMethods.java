package dev.cleave.wire;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.cleave.v1.DecoderProto;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.DescribeRequest;
import dev.cleave.v1.ServerMessage;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.ProtoServiceDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;

/**
 * The methods of {@code cleave.v1.Decoder} for client calls and server definitions. They take the
 * place of the generated stubs, with which they share names and bytes on the wire.
 */
public final class DecoderMethods {
  private static final ServiceDescriptor SERVICE =
      DecoderProto.getDescriptor().findServiceByName("Decoder");

  /** One generation: a bidirectional stream. */
  public static final io.grpc.MethodDescriptor<Uplink, ServerMessage> GENERATE =
      io.grpc.MethodDescriptor.<Uplink, ServerMessage>newBuilder()
          .setType(MethodType.BIDI_STREAMING)
          .setFullMethodName(fullName("Generate"))
          .setRequestMarshaller(new UplinkMarshaller())
          .setResponseMarshaller(ProtoUtils.marshaller(ServerMessage.getDefaultInstance()))
          .setSchemaDescriptor(new MethodSchema("Generate"))
          .build();

  /** What a server serves: unary. */
  public static final io.grpc.MethodDescriptor<DescribeRequest, DescribeReply> DESCRIBE =
      io.grpc.MethodDescriptor.<DescribeRequest, DescribeReply>newBuilder()
          .setType(MethodType.UNARY)
          .setFullMethodName(fullName("Describe"))
          .setRequestMarshaller(ProtoUtils.marshaller(DescribeRequest.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(DescribeReply.getDefaultInstance()))
          .setSchemaDescriptor(new MethodSchema("Describe"))
          .build();

  private static final io.grpc.ServiceDescriptor DESCRIPTOR =
      io.grpc.ServiceDescriptor.newBuilder(SERVICE.getFullName())
          .setSchemaDescriptor(new ServiceSchema())
          .addMethod(GENERATE)
          .addMethod(DESCRIBE)
          .build();

  private DecoderMethods() {}

  /** The service with its schema, so that server reflection can show it. */
  public static io.grpc.ServiceDescriptor serviceDescriptor() {
    return DESCRIPTOR;
  }

  private static String fullName(String method) {
    return io.grpc.MethodDescriptor.generateFullMethodName(SERVICE.getFullName(), method);
  }

  private static final class ServiceSchema
      implements ProtoFileDescriptorSupplier, ProtoServiceDescriptorSupplier {
    @Override
    public FileDescriptor getFileDescriptor() {
      return SERVICE.getFile();
    }

    @Override
    public ServiceDescriptor getServiceDescriptor() {
      return SERVICE;
    }
  }

  private record MethodSchema(String name) implements ProtoMethodDescriptorSupplier {
    @Override
    public FileDescriptor getFileDescriptor() {
      return SERVICE.getFile();
    }

    @Override
    public ServiceDescriptor getServiceDescriptor() {
      return SERVICE;
    }

    @Override
    public MethodDescriptor getMethodDescriptor() {
      return SERVICE.findMethodByName(name);
    }
  }
}

package dev.cleave.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto.Label;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MessageOptions;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.cleave.v1.DecoderProto;
import dev.cleave.v1.Open;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** No message from device to server has a field in which text could travel. */
class WireCarriesNoTextTest {
  private static final Set<String> TENSORS_AND_DIGESTS =
      Set.of(
          "cleave.v1.Open.bundle_id",
          "cleave.v1.DeviceMessage.hidden",
          "cleave.v1.DeviceMessage.step");

  @Test
  void nothingThatDevicesSendHoldsText() {
    assertThat(DecoderProto.getDescriptor().getServices()).isNotEmpty();
    Set<String> seen = new HashSet<>();
    for (ServiceDescriptor service : DecoderProto.getDescriptor().getServices()) {
      assertThat(leaks(service, seen)).isEmpty();
    }
    assertThat(seen)
        .as("the walk came everywhere")
        .containsExactlyInAnyOrder(
            "cleave.v1.DeviceMessage",
            "cleave.v1.Open",
            "cleave.v1.Sampling",
            "cleave.v1.EndOfPrompt",
            "cleave.v1.Cancel",
            "cleave.v1.DescribeRequest");
  }

  /**
   * A number is room too, if little: whoever adds one to Open says here what for, and the server
   * refuses values that mean nothing (the profile's hash must be the served bundle's or zero).
   */
  @Test
  void numbersInOpenAreThese() {
    assertThat(
            Open.getDescriptor().getFields().stream()
                .filter(field -> field.getJavaType() != FieldDescriptor.JavaType.MESSAGE)
                .map(FieldDescriptor::getName))
        .containsExactlyInAnyOrder(
            "bundle_id",
            "codec",
            "prompt_positions",
            "max_new_tokens",
            "ignore_eos",
            "want_logits",
            "target_kind",
            "target_number",
            "profile_hash_high",
            "profile_hash_low",
            "step_positions",
            // random, and counted: which stream of a session is the one that lives
            "session_high",
            "session_low",
            "attempt");
  }

  @Test
  void findsAStringDeepInside() throws DescriptorValidationException {
    assertLeak(
        field("prompt", FieldDescriptorProto.Type.TYPE_STRING, Label.LABEL_OPTIONAL),
        "is a string");
  }

  @Test
  void findsBytes() throws DescriptorValidationException {
    assertLeak(
        field("note", FieldDescriptorProto.Type.TYPE_BYTES, Label.LABEL_OPTIONAL), "is bytes");
  }

  @Test
  void findsTokenIds() throws DescriptorValidationException {
    assertLeak(
        field("ids", FieldDescriptorProto.Type.TYPE_UINT32, Label.LABEL_REPEATED), "is repeated");
  }

  @Test
  void findsRepeatedMessages() throws DescriptorValidationException {
    assertLeak(
        field("nodes", FieldDescriptorProto.Type.TYPE_MESSAGE, Label.LABEL_REPEATED)
            .setTypeName("leaky.Inner"),
        "is repeated");
  }

  @Test
  void findsMaps() throws DescriptorValidationException {
    assertLeak(
        field("labels", FieldDescriptorProto.Type.TYPE_MESSAGE, Label.LABEL_REPEATED)
            .setTypeName("leaky.Inner.LabelsEntry"),
        "is repeated");
  }

  @Test
  void doesNotMistakeAHarmlessField() throws DescriptorValidationException {
    assertThat(
            leaks(
                leaky(field("count", FieldDescriptorProto.Type.TYPE_UINT32, Label.LABEL_OPTIONAL)),
                new HashSet<>()))
        .isEmpty();
  }

  private static void assertLeak(FieldDescriptorProto.Builder field, String what)
      throws DescriptorValidationException {
    assertThat(leaks(leaky(field), new HashSet<>()))
        .singleElement()
        .asString()
        .isEqualTo("leaky.Inner." + field.getName() + " " + what);
  }

  /** What the requests of a service could carry besides numbers, tensors and digests. */
  private static List<String> leaks(ServiceDescriptor service, Set<String> seen) {
    List<String> leaks = new ArrayList<>();
    for (MethodDescriptor method : service.getMethods()) {
      walk(method.getInputType(), seen, leaks);
    }
    return leaks;
  }

  private static void walk(Descriptor message, Set<String> seen, List<String> leaks) {
    if (!seen.add(message.getFullName())) {
      return;
    }
    if (message.isExtendable()) {
      leaks.add(message.getFullName() + " is extendable");
    }
    for (FieldDescriptor field : message.getFields()) {
      if (field.isRepeated()) {
        leaks.add(field.getFullName() + " is repeated");
        continue;
      }
      switch (field.getJavaType()) {
        case STRING -> leaks.add(field.getFullName() + " is a string");
        case BYTE_STRING -> {
          if (!TENSORS_AND_DIGESTS.contains(field.getFullName())) {
            leaks.add(field.getFullName() + " is bytes");
          }
        }
        case MESSAGE -> walk(field.getMessageType(), seen, leaks);
        case INT, LONG, FLOAT, DOUBLE, BOOLEAN, ENUM -> {}
      }
    }
  }

  /** A service whose request hides the field in an inner message. */
  private static ServiceDescriptor leaky(FieldDescriptorProto.Builder field)
      throws DescriptorValidationException {
    DescriptorProto inner =
        DescriptorProto.newBuilder()
            .setName("Inner")
            .addField(field.setNumber(1))
            .addNestedType(
                DescriptorProto.newBuilder()
                    .setName("LabelsEntry")
                    .setOptions(MessageOptions.newBuilder().setMapEntry(true))
                    .addField(
                        field("key", FieldDescriptorProto.Type.TYPE_UINT32, Label.LABEL_OPTIONAL)
                            .setNumber(1))
                    .addField(
                        field("value", FieldDescriptorProto.Type.TYPE_UINT32, Label.LABEL_OPTIONAL)
                            .setNumber(2)))
            .build();
    DescriptorProto outer =
        DescriptorProto.newBuilder()
            .setName("Request")
            .addField(
                field("inner", FieldDescriptorProto.Type.TYPE_MESSAGE, Label.LABEL_OPTIONAL)
                    .setNumber(1)
                    .setTypeName("leaky.Inner"))
            .build();
    MethodDescriptorProto method =
        MethodDescriptorProto.newBuilder()
            .setName("Send")
            .setInputType("leaky.Request")
            .setOutputType("leaky.Request")
            .build();
    FileDescriptorProto file =
        FileDescriptorProto.newBuilder()
            .setName("leaky.proto")
            .setPackage("leaky")
            .setSyntax("proto3")
            .addMessageType(outer)
            .addMessageType(inner)
            .addService(ServiceDescriptorProto.newBuilder().setName("Leak").addMethod(method))
            .build();
    return FileDescriptor.buildFrom(file, new FileDescriptor[0]).findServiceByName("Leak");
  }

  private static FieldDescriptorProto.Builder field(
      String name, FieldDescriptorProto.Type type, Label label) {
    return FieldDescriptorProto.newBuilder().setName(name).setType(type).setLabel(label);
  }
}

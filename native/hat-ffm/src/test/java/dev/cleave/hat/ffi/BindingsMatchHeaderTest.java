package dev.cleave.hat.ffi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cleave.hat.ffi.Header.Declared;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fails when the header is another than the one that the bindings were written for. */
class BindingsMatchHeaderTest {
  private Header header = new Header(Map.of(), Map.of(), Map.of(), Map.of());

  @BeforeEach
  void read() throws IOException {
    header = Header.read();
  }

  @Test
  void theHeaderIsTheOneThatTheyWereWrittenFor() throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Header.source().getBytes(UTF_8));
    assertThat(HexFormat.of().formatHex(digest))
        .as("sha-256 of %s: bring the bindings up to it, then this", Header.FILE)
        .isEqualTo(cleave_hat_h.HEADER_SHA256);
  }

  @Test
  void everyFunctionIsBoundAndNoneElse() throws ReflectiveOperationException {
    assertThat(header.functions()).hasSizeGreaterThan(20);
    Set<String> bound =
        Arrays.stream(cleave_hat_h.class.getDeclaredClasses())
            .map(Class::getSimpleName)
            .collect(Collectors.toSet());
    assertThat(bound).isEqualTo(header.functions().keySet());
    Map<String, Method> methods =
        Arrays.stream(cleave_hat_h.class.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()))
            .collect(Collectors.toMap(Method::getName, method -> method));
    assertThat(methods.keySet()).isEqualTo(header.functions().keySet());
    for (Class<?> type : cleave_hat_h.class.getDeclaredClasses()) {
      String name = type.getSimpleName();
      Header.Function declared = Objects.requireNonNull(header.functions().get(name), name);
      Field field = type.getDeclaredField("DESC");
      field.setAccessible(true);
      FunctionDescriptor descriptor = (FunctionDescriptor) field.get(null);
      assertSame(name, descriptor, declared);
      Method method = Objects.requireNonNull(methods.get(name), name);
      assertThat(List.of(method.getParameterTypes()))
          .as(name)
          .isEqualTo(descriptor.toMethodType().parameterList());
      assertThat(method.getReturnType()).as(name).isEqualTo(descriptor.toMethodType().returnType());
      assertThat(Arrays.stream(method.getParameters()).map(Parameter::getName))
          .as(name)
          .isEqualTo(declared.parameters().stream().map(Declared::name).toList());
    }
  }

  @Test
  void theCallbackIsBound() {
    assertThat(header.callbacks().keySet()).containsExactly("cleave_hat_done");
    assertSame(
        "cleave_hat_done",
        cleave_hat_done.Holder.DESC,
        Objects.requireNonNull(header.callbacks().get("cleave_hat_done")));
  }

  private static void assertSame(String name, FunctionDescriptor bound, Header.Function declared) {
    assertThat(bound.returnLayout().map(MemoryLayout::withoutName).map(l -> carrier(l)))
        .as("what %s returns", name)
        .isEqualTo(
            declared.returns().equals("void")
                ? Optional.empty()
                : Optional.of(carrierOf(declared.returns())));
    assertThat(bound.argumentLayouts().stream().map(l -> carrier(l)))
        .as("what %s takes", name)
        .isEqualTo(declared.parameters().stream().map(p -> carrierOf(p.type())).toList());
  }

  private static Class<?> carrier(MemoryLayout layout) {
    return ((ValueLayout) layout).carrier();
  }

  private static Class<?> carrierOf(String type) {
    return switch (type) {
      case "int32_t", "uint32_t" -> int.class;
      case "int64_t", "uint64_t" -> long.class;
      case "float" -> float.class;
      case "cleave_hat_done" -> MemorySegment.class;
      default -> {
        assertThat(type).as("a type that this test knows").endsWith("*");
        yield MemorySegment.class;
      }
    };
  }

  @Test
  void everyConstantHasItsValue() throws ReflectiveOperationException {
    assertThat(header.constants()).hasSizeGreaterThan(25);
    Map<String, Integer> bound = new TreeMap<>();
    for (Field field : cleave_hat_constants.class.getDeclaredFields()) {
      bound.put(field.getName(), field.getInt(null));
    }
    assertThat(bound).isEqualTo(new TreeMap<>(header.constants()));
  }

  @Test
  void everyStructHasItsFields() throws Exception {
    assertThat(header.structs()).hasSizeGreaterThan(5);
    for (Map.Entry<String, List<Declared>> struct : header.structs().entrySet()) {
      List<MemoryLayout> members = layout(struct.getKey()).memberLayouts();
      assertThat(members.stream().map(member -> member.name().orElse("")))
          .as(struct.getKey())
          .isEqualTo(struct.getValue().stream().map(Declared::name).toList());
      for (int i = 0; i < members.size(); i++) {
        String type = struct.getValue().get(i).type();
        if (type.equals("char[]")) {
          assertThat(((SequenceLayout) members.get(i)).elementCount())
              .as(struct.getKey())
              .isEqualTo(cleave_hat_constants.CLEAVE_HAT_NAME_BYTES);
        } else {
          assertThat(carrier(members.get(i))).as(struct.getKey()).isEqualTo(carrierOf(type));
        }
      }
    }
    Path classes =
        Path.of(cleave_hat_h.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.list(classes.resolve("dev/cleave/hat/ffi"))) {
      assertThat(
              files
                  .map(file -> file.getFileName().toString().replace(".class", ""))
                  .filter(name -> name.startsWith("cleave_hat_") && !name.contains("$"))
                  .filter(name -> !name.matches("cleave_hat_(h|constants|done)")))
          .containsExactlyInAnyOrderElementsOf(header.structs().keySet());
    }
  }

  private static StructLayout layout(String struct) throws ReflectiveOperationException {
    Field field =
        Class.forName(cleave_hat_h.class.getPackageName() + "." + struct)
            .getDeclaredField("LAYOUT");
    return (StructLayout) field.get(null);
  }

  /** The compiler's word on sizes and offsets against that of the layouts. */
  @Test
  void theCompilerPlacesFieldsWhereTheLayoutsDo(@TempDir Path folder) throws Exception {
    assumeThat(Stream.of(System.getenv("PATH").split(":", -1)).map(Path::of))
        .as("a C compiler to ask: there is no gcc on the path")
        .anyMatch(path -> Files.isExecutable(path.resolve("gcc")));
    StringBuilder program = new StringBuilder("#include <stdio.h>\n#include \"cleave_hat.h\"\n");
    program.append("int main(void) {\n");
    StringBuilder expected = new StringBuilder();
    for (String struct : header.structs().keySet()) {
      StructLayout layout = layout(struct);
      program.append("printf(\"%s %%zu\\n\", sizeof(%s));\n".formatted(struct, struct));
      expected.append("%s %d\n".formatted(struct, layout.byteSize()));
      for (Declared field : header.structs().get(struct)) {
        program.append(
            "printf(\"%1$s.%2$s %%zu\\n\", offsetof(%1$s, %2$s));\n"
                .formatted(struct, field.name()));
        long offset = layout.byteOffset(PathElement.groupElement(field.name()));
        expected.append("%s.%s %d\n".formatted(struct, field.name(), offset));
      }
    }
    Path source = Files.writeString(folder.resolve("layout.c"), program.append("}\n"));
    Path binary = folder.resolve("layout");
    String include = Header.FILE.resolveSibling(".").toAbsolutePath().toString();
    assertThat(output("gcc", "-I" + include, source.toString(), "-o", binary.toString())).isEmpty();
    assertThat(output(binary.toString())).isEqualTo(expected.toString());
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}

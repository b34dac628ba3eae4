package dev.cleave.split.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.Fixtures;
import dev.cleave.split.error.MalformedCheckpoint;
import dev.cleave.split.error.SplitException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  private static final String TWO =
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
          + "\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[24,32]}}";

  @TempDir Path folder;

  private Path file(String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(UTF_8);
    return raw(
        ByteBuffer.allocate(8 + json.length + dataBytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .array());
  }

  private Path raw(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("x.safetensors"), bytes);
  }

  @Test
  void readsNamesTypesShapesAndBytes() throws IOException {
    try (Weights weights = Weights.openFile(file(TWO, 32))) {
      assertThat(weights.names()).containsExactly("a", "b");
      assertThat(weights.info("a").shape()).containsExactly(2L, 3L);
      assertThat(weights.info("b").dtype()).isEqualTo(DType.F16);
      assertThat(weights.bytes("b").byteSize()).isEqualTo(8);
      assertThat(weights.floats("a")).containsOnly(0f);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[24,32]    | [16,24]            | 32 | overlaps",
        "[24,32]    | [28,36]            | 36 | leaves a hole",
        "[24,32]    | [24,40]            | 32 | outside",
        "[24,32]    | [32,24]            | 32 | outside",
        "[24,32]    | [-8,0]             | 32 | outside",
        "[24,32]    | [24]               | 32 | two data_offsets",
        "[24,32]    | [24,32,40]         | 32 | more than 2 numbers",
        "[24,32]    | [24,32.0]          | 32 | VALUE_NUMBER_FLOAT",
        "[24,32]    | [24,99999999999999999999] | 32 | out of range of long",
        "[2,3]      | [2,4]              | 32 | is 32 bytes, but data_offsets span 24",
        "[2,3]      | [-2,-3]            | 32 | negative size",
        "[2,3]      | [4294967296,4294967296] | 32 | overflows",
        "[2,3]      | [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,6] | 32 | more than 16",
        "F16        | F17                | 32 | dtype F17 is unknown",
        "\"F16\"    | 16                 | 32 | VALUE_NUMBER_INT where VALUE_STRING",
        "\"b\"      | \"a\"              | 32 | Duplicate field",
        "dtype      | type               | 32 | unknown field type",
        "}}         | }                  | 32 | not JSON",
        "}}         | }}x                | 32 | not JSON",
        "[24,32]    | [24,32]            | 33 | tensors end at byte",
        "[24,32]    | [24,32]            | 31 | outside",
      })
  void namesWhatALyingHeaderSays(String from, String to, int dataBytes, String message)
      throws IOException {
    assertThat(TWO).contains(from);
    Path path = file(TWO.replace(from, to), dataBytes);
    assertThatThrownBy(() -> Weights.openFile(path))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("x.safetensors")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1000, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE})
  void refusesAHeaderLengthBeforeReadingIt(long length) throws IOException {
    byte[] bytes = new byte[64];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Path path = raw(bytes);
    assertThatThrownBy(() -> Weights.openFile(path))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("header length " + Long.toUnsignedString(length));
  }

  @Test
  void refusesAFileTruncatedAtAnyByte() throws IOException {
    byte[] whole = Files.readAllBytes(file(TWO, 32));
    for (int length = 0; length < whole.length; length++) {
      Path path = raw(Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> Weights.openFile(path))
          .as("truncated to %d bytes", length)
          .isInstanceOf(MalformedCheckpoint.class);
    }
  }

  /** Either refused by our own error, or what the header announces lies within the file. */
  @Test
  void survivesMutatedHeaders() throws IOException {
    byte[] whole = Files.readAllBytes(file(TWO, 32));
    int rounds = 20_000;
    int refused = 0;
    for (int seed = 0; seed < rounds; seed++) {
      byte[] bytes = mutated(whole, whole.length - 32, seed);
      try {
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        SafetensorsHeader.checkLength("x", length, bytes.length);
        InputStream json = new ByteArrayInputStream(bytes, 8, (int) length);
        for (TensorInfo info : SafetensorsHeader.parse("x", json, length, bytes.length).values()) {
          assertThat(info.offset() + info.bytes())
              .as("seed %d", seed)
              .isLessThanOrEqualTo(bytes.length);
        }
      } catch (MalformedCheckpoint e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(rounds / 4, rounds - 1);
  }

  @Test
  void survivesMutatedHeadersOfARealFile() throws IOException {
    byte[] whole = Files.readAllBytes(Fixtures.folder("marian").resolve("model.safetensors"));
    int header = (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
    for (int seed = 0; seed < 50; seed++) {
      try (Weights weights = Weights.openFile(raw(mutated(whole, 8 + header, seed)))) {
        for (String name : weights.names()) {
          assertThat(weights.bytes(name).toArray(ValueLayout.JAVA_BYTE))
              .as("seed %d", seed)
              .hasSize((int) weights.info(name).bytes());
        }
      } catch (SplitException e) {
        assertThat(e).as("seed %d", seed).isInstanceOf(MalformedCheckpoint.class);
      }
    }
  }

  private static byte[] mutated(byte[] whole, int range, int seed) {
    byte[] bytes = whole.clone();
    Random random = new Random(seed);
    for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
      bytes[random.nextInt(range)] = (byte) random.nextInt(256);
    }
    return bytes;
  }

  @Test
  void convertsHalvesExactly() {
    short[] halves = {0, (short) 0x3C00, (short) 0xC000, 1, (short) 0x7C00, (short) 0x8000};
    float[] out = new float[halves.length];
    Weights.readF32(MemorySegment.ofArray(halves), DType.F16, 0, MemorySegment.ofArray(out));
    assertThat(out).containsExactly(0f, 1f, -2f, 5.9604645e-8f, Float.POSITIVE_INFINITY, -0f);
    short[] brain = {0, (short) 0x3F80, (short) 0xC000, 1, (short) 0x7F80, (short) 0x4049};
    Weights.readF32(MemorySegment.ofArray(brain), DType.BF16, 0, MemorySegment.ofArray(out));
    assertThat(out)
        .containsExactly(
            0f, 1f, -2f, Float.intBitsToFloat(1 << 16), Float.POSITIVE_INFINITY, 3.140625f);
    float[] middle = new float[2];
    Weights.readF32(MemorySegment.ofArray(brain), DType.BF16, 1, MemorySegment.ofArray(middle));
    assertThat(middle).containsExactly(1f, -2f);
  }

  @Test
  void readsBackWhatItWroteWithWideTypesFirst() throws IOException {
    Path path = folder.resolve("written.safetensors");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment halves =
          arena.allocateFrom(ValueLayout.JAVA_SHORT, (short) 1, (short) 2, (short) 3);
      MemorySegment floats = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f, 2f);
      SafetensorsWriter.write(
          path,
          List.of(
              new TensorData("h", DType.BF16, List.of(3L), halves),
              new TensorData("f", DType.F32, List.of(1L, 2L), floats)),
          bytes -> {});
    }
    try (Weights weights = Weights.openFile(path)) {
      assertThat(weights.floats("f")).containsExactly(1f, 2f);
      assertThat(weights.info("f").offset() % 4).isZero();
      assertThat(weights.bytes("h").toArray(ValueLayout.JAVA_SHORT_UNALIGNED))
          .containsExactly((short) 1, (short) 2, (short) 3);
    }
  }

  @Test
  void refusesToWriteOverAFile() throws IOException {
    Path path = file(TWO, 32);
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(), bytes -> {}))
        .isInstanceOf(IOException.class);
  }
}

package dev.cleave.split.checkpoint.gguf.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import dev.cleave.split.error.SplitException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufFileTest {
  private static final Path PATH = Path.of("x.gguf");

  private static GgufFile parse(byte[] bytes) {
    return GgufFile.parse(PATH, MemorySegment.ofArray(bytes));
  }

  private static byte[] one(int type, List<Long> shape, int bytes) {
    return new GgufBuilder().tensor("t", type, shape, new byte[bytes]).bytes();
  }

  @Test
  void readsValuesOfEveryType() {
    byte[] bits = {-2, -1, -1, -1, -1, -1, -1, -1};
    assertRefused(new GgufBuilder().raw("u64", 10, bits), "u64 is 18446744073709551614, more than");
    GgufBuilder good = new GgufBuilder();
    good.raw("i8", 1, new byte[] {-2}).raw("u8", 0, new byte[] {-2});
    good.raw("u16", 2, new byte[] {-2, -1}).raw("i16", 3, new byte[] {-2, -1});
    good.raw("i32", 5, Arrays.copyOf(bits, 4)).raw("i64", 11, bits);
    good.f32("f32", 1e-5).flag("on", true).text("text", "é").texts("list", List.of("a", ""));
    GgufMetadata metadata = parse(good.bytes()).metadata();
    assertThat(metadata.integer("i8")).hasValue(-2);
    assertThat(metadata.integer("u8")).hasValue(254);
    assertThat(metadata.integer("u16")).hasValue(65534);
    assertThat(metadata.integer("i16")).hasValue(-2);
    assertThat(metadata.integer("i32")).hasValue(-2);
    assertThat(metadata.integer("i64")).hasValue(-2);
    assertThat(metadata.number("f32")).hasValue(1e-5);
    assertThat(metadata.flag("on")).contains(true);
    assertThat(metadata.text("text")).contains("é");
    assertThat(metadata.texts("list")).containsExactly("a", "");
  }

  @Test
  void takesVersionTwoAndRefusesOthersByName() {
    assertThat(parse(new GgufBuilder().version(2).bytes()).tensors()).isEmpty();
    assertThatThrownBy(() -> parse(new GgufBuilder().version(1).bytes()))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("version 1: not read; 2 and 3 are");
    assertThatThrownBy(() -> parse(new GgufBuilder().version(3 << 24).bytes()))
        .hasMessageContaining("big-endian");
  }

  @ParameterizedTest
  @CsvSource({"10, Q2_K", "23, IQ4_XS", "39, MXFP4", "4, unknown", "-1, unknown"})
  void refusesElementTypesByName(int type, String name) {
    String number = Integer.toUnsignedString(type);
    assertThatThrownBy(() -> parse(one(type, List.of(256L), 256)))
        .isInstanceOf(CheckpointRefused.class)
        .hasMessageContaining("tensor t: has type " + number + " (" + name + ")");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4611686018427387904, 4, 'size 4611686018427387904: zero or overflowing'",
    "0, 0, 4, 'size 0: zero or overflowing'",
    "0, -1, 4, '18446744073709551615, more than the limit'",
    "0, 1000000, 4, 'has 4000000 bytes, the file ends at'",
    "2, 33, 18, 'rows of 33 elements, no whole blocks of Q4_0'",
  })
  void refusesSizesThatCannotBe(int type, long size, int bytes, String message) {
    assertThatThrownBy(() -> parse(one(type, List.of(size), bytes)))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("at offset ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesSizesWhoseProductOverflows() {
    List<Long> shape = List.of(1L << 31, 1L << 31, 1L << 31);
    assertThatThrownBy(() -> parse(one(0, shape, 4))).hasMessageContaining("overflowing");
    assertThatThrownBy(() -> parse(one(0, List.of(1L, 1L, 1L, 1L, 1L), 4)))
        .hasMessageContaining("has rank 5, not 1 to 4");
  }

  @Test
  void refusesTensorsThatOverlapOrStandThereTwice() {
    byte[] file =
        new GgufBuilder()
            .tensor("first", List.of(8L), new float[8])
            .tensor("other", List.of(8L), new float[8])
            .bytes();
    int offset = find(file, "other") + 5 + 4 + 8 + 4;
    for (long wrong : new long[] {0, 8, 16, 64, -32, Long.MIN_VALUE, Long.MAX_VALUE}) {
      byte[] changed = file.clone();
      ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(offset, wrong);
      assertThatThrownBy(() -> parse(changed))
          .isInstanceOf(MalformedCheckpoint.class)
          .hasMessageContaining("tensor other has offset " + Long.toUnsignedString(wrong));
    }
    System.arraycopy("first".getBytes(UTF_8), 0, file, find(file, "other"), 5);
    assertThatThrownBy(() -> parse(file)).hasMessageContaining("tensor first stands there twice");
  }

  @ParameterizedTest
  @CsvSource({"0", "4", "48", "2097152"})
  void refusesAlignmentsThatAreNone(int alignment) {
    byte[] file = new GgufBuilder().u32("general.alignment", alignment).bytes();
    assertThatThrownBy(() -> parse(file)).hasMessageContaining("power of two");
  }

  @Test
  void refusesPairsThatLie() {
    byte[] nested = {9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    byte[] long32 = {4, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, 127};
    byte[] many = {8, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, 127};
    assertRefused(new GgufBuilder().raw("k", 9, nested), "k is an array of arrays");
    assertRefused(new GgufBuilder().raw("k", 9, long32), "more than the rest of the file holds");
    assertRefused(new GgufBuilder().raw("k", 9, many), "the file ends within");
    assertRefused(new GgufBuilder().raw("k", 13, nested), "type of k is 13, unknown");
    assertRefused(new GgufBuilder().raw("k", 7, new byte[] {2}), "k must be 0 or 1: 2");
    assertRefused(new GgufBuilder().u32("k", 1).u32("k", 1), "key k stands there twice");
    assertRefused(
        new GgufBuilder().raw("k", 8, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, -1}), "k is not UTF-8");
    assertRefused(
        new GgufBuilder().raw("k", 8, new byte[] {0, 0, 0, 0, 1, 0, 0, 0}),
        "length of k is 4294967296, more than the limit");
  }

  private static void assertRefused(GgufBuilder builder, String message) {
    assertThatThrownBy(() -> parse(builder.bytes()))
        .isInstanceOf(MalformedCheckpoint.class)
        .hasMessageContaining("at offset ")
        .hasMessageContaining(message);
  }

  @Test
  void refusesAFileCutAnywhere() {
    byte[] file =
        new GgufBuilder()
            .text("general.architecture", "llama")
            .texts("list", List.of("a", "b"))
            .tensor("t", List.of(8L), new float[8])
            .bytes();
    assertThat(parse(file).tensors()).containsKey("t");
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      assertThatThrownBy(() -> parse(cut))
          .as("%d of %d bytes", length, file.length)
          .isInstanceOf(SplitException.class);
    }
  }

  private static int find(byte[] file, String text) {
    return new String(file, ISO_8859_1).indexOf(text);
  }
}

package dev.cleave.split.checkpoint.gguf.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files for tests; what is said of sizes and types is written as it is said. */
public final class GgufBuilder {
  private static final int ALIGNMENT = 32;

  private final Bytes pairs = new Bytes();
  private final Bytes data = new Bytes();
  private final List<Tensor> tensors = new ArrayList<>();
  private int pairCount;
  private int version = 3;

  private record Tensor(String name, int type, List<Long> shape, long offset) {}

  /** Little-endian, growing. */
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes i32(int value) {
      return raw(ByteBuffer.allocate(4).putInt(Integer.reverseBytes(value)).array());
    }

    Bytes i64(long value) {
      return raw(ByteBuffer.allocate(8).putLong(Long.reverseBytes(value)).array());
    }

    Bytes string(String text) {
      byte[] utf8 = text.getBytes(UTF_8);
      return i64(utf8.length).raw(utf8);
    }

    Bytes raw(byte[] bytes) {
      out.writeBytes(bytes);
      return this;
    }

    Bytes pad() {
      return raw(new byte[-out.size() & (ALIGNMENT - 1)]);
    }
  }

  public GgufBuilder version(int number) {
    version = number;
    return this;
  }

  public GgufBuilder text(String key, String value) {
    pair(key, GgufValueType.STRING).string(value);
    return this;
  }

  public GgufBuilder u32(String key, int value) {
    pair(key, GgufValueType.U32).i32(value);
    return this;
  }

  public GgufBuilder f32(String key, double value) {
    pair(key, GgufValueType.F32).i32(Float.floatToRawIntBits((float) value));
    return this;
  }

  public GgufBuilder flag(String key, boolean value) {
    pair(key, GgufValueType.BOOL).raw(new byte[] {(byte) (value ? 1 : 0)});
    return this;
  }

  public GgufBuilder texts(String key, List<String> values) {
    Bytes bytes = pair(key, GgufValueType.ARRAY);
    bytes.i32(GgufValueType.STRING.number()).i64(values.size());
    values.forEach(bytes::string);
    return this;
  }

  public GgufBuilder i32s(String key, List<Integer> values) {
    Bytes bytes = pair(key, GgufValueType.ARRAY);
    bytes.i32(GgufValueType.I32.number()).i64(values.size());
    values.forEach(bytes::i32);
    return this;
  }

  /** A value of any type number, its bytes as they are to stand in the file. */
  public GgufBuilder raw(String key, int type, byte[] value) {
    pairs.string(key).i32(type).raw(value);
    pairCount++;
    return this;
  }

  private Bytes pair(String key, GgufValueType type) {
    pairCount++;
    return pairs.string(key).i32(type.number());
  }

  /** An f32 tensor; the shape outermost first, as Hugging Face writes it. */
  public GgufBuilder tensor(String name, List<Long> shape, float[] values) {
    byte[] bytes = new byte[values.length * Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return tensor(name, GgmlType.F32.number(), shape, bytes);
  }

  /** A tensor of any type number, its bytes as they are. */
  public GgufBuilder tensor(String name, int type, List<Long> shape, byte[] bytes) {
    tensors.add(new Tensor(name, type, shape, data.out.size()));
    data.raw(bytes).pad();
    return this;
  }

  /** The file. */
  public byte[] bytes() {
    Bytes file = new Bytes();
    file.raw("GGUF".getBytes(UTF_8)).i32(version).i64(tensors.size()).i64(pairCount);
    file.raw(pairs.out.toByteArray());
    for (Tensor tensor : tensors) {
      file.string(tensor.name()).i32(tensor.shape().size());
      tensor.shape().reversed().forEach(file::i64);
      file.i32(tensor.type()).i64(tensor.offset());
    }
    return file.pad().raw(data.out.toByteArray()).out.toByteArray();
  }

  /** Writes the file. */
  public Path write(Path path) {
    try {
      return Files.write(path, bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.cleave.split;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.checkpoint.DType;
import dev.cleave.split.checkpoint.SafetensorsWriter;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A checkpoint in a folder of its own, to be changed before it is written. */
public final class TinyCheckpoint {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path folder;
  private final SortedMap<String, TensorData> tensors = new TreeMap<>();

  /** Copies a fixture's files; the tensors stay in memory until {@link #write}. */
  public TinyCheckpoint(String fixture, Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
      for (String name : List.of("config.json", "generation_config.json", "tokenizer.json")) {
        Files.copy(Fixtures.folder(fixture).resolve(name), folder.resolve(name));
      }
      try (Weights weights = Weights.openFolder(Fixtures.folder(fixture))) {
        for (String name : weights.names()) {
          TensorData data = weights.data(name);
          byte[] copy = data.bytes().toArray(ValueLayout.JAVA_BYTE);
          put(name, data.dtype(), data.shape(), MemorySegment.ofArray(copy));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Begins an empty one with the texts that every checkpoint has. */
  public TinyCheckpoint(Path folder, ObjectNode config) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("config.json"), MAPPER.writeValueAsBytes(config));
      Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {}}");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Changes config.json. */
  public TinyCheckpoint config(Consumer<ObjectNode> change) {
    return json("config.json", change);
  }

  /** Changes one JSON file. */
  public TinyCheckpoint json(String file, Consumer<ObjectNode> change) {
    try {
      Path path = folder.resolve(file);
      JsonNode node = MAPPER.readTree(Files.readAllBytes(path));
      change.accept((ObjectNode) node);
      Files.write(path, MAPPER.writeValueAsBytes(node));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a file. */
  public TinyCheckpoint without(String file) {
    try {
      Files.delete(folder.resolve(file));
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a tensor. */
  public TinyCheckpoint drop(String name) {
    if (tensors.remove(name) == null) {
      throw new IllegalArgumentException(name);
    }
    return this;
  }

  /** Removes all tensors whose names match. */
  public TinyCheckpoint dropAll(String pattern) {
    tensors.keySet().removeIf(name -> name.matches(pattern));
    return this;
  }

  /** Adds or replaces a tensor. */
  public TinyCheckpoint put(String name, DType dtype, List<Long> shape, MemorySegment bytes) {
    tensors.put(name, new TensorData(name, dtype, shape, bytes));
    return this;
  }

  /** Adds zeros of f32. */
  public TinyCheckpoint zeros(String name, long... shape) {
    long elements = 1;
    List<Long> sizes = new ArrayList<>();
    for (long size : shape) {
      elements *= size;
      sizes.add(size);
    }
    return put(name, DType.F32, sizes, MemorySegment.ofArray(new byte[(int) elements * 4]));
  }

  /** Adds a tensor equal to another one. */
  public TinyCheckpoint copy(String from, String to) {
    TensorData data = tensor(from);
    return put(to, data.dtype(), data.shape(), data.bytes());
  }

  /** Gives a tensor another name. */
  public TinyCheckpoint rename(String from, String to) {
    return copy(from, to).drop(from);
  }

  /** Rounds every tensor to another element type. */
  public TinyCheckpoint cast(DType dtype) {
    tensors.replaceAll((name, data) -> cast(data, dtype));
    return this;
  }

  private static TensorData cast(TensorData data, DType dtype) {
    float[] values = data.bytes().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    short[] halves = new short[values.length];
    for (int i = 0; i < values.length; i++) {
      halves[i] =
          dtype == DType.F16
              ? Float.floatToFloat16(values[i])
              : (short) (Float.floatToRawIntBits(values[i]) >>> 16);
    }
    return new TensorData(data.name(), dtype, data.shape(), MemorySegment.ofArray(halves));
  }

  /** Writes the tensors as one file. */
  public Path write() {
    writeFile("model.safetensors", List.copyOf(tensors.values()));
    return folder;
  }

  /** Writes the tensors as two shards with an index. */
  public Path writeShards() {
    List<TensorData> all = List.copyOf(tensors.values());
    ObjectNode index = MAPPER.createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    int half = all.size() / 2;
    String[] shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
    writeFile(shards[0], all.subList(0, half));
    writeFile(shards[1], all.subList(half, all.size()));
    for (int i = 0; i < all.size(); i++) {
      map.put(all.get(i).name(), shards[i < half ? 0 : 1]);
    }
    try {
      Files.write(folder.resolve("model.safetensors.index.json"), MAPPER.writeValueAsBytes(index));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void writeFile(String name, List<TensorData> list) {
    // Channels read native memory only.
    try (Arena arena = Arena.ofConfined()) {
      List<TensorData> copies =
          list.stream()
              .map(data -> {
                MemorySegment copy = arena.allocate(data.bytes().byteSize(), 8);
                copy.copyFrom(data.bytes());
                return new TensorData(data.name(), data.dtype(), data.shape(), copy);
              })
              .toList();
      SafetensorsWriter.write(folder.resolve(name), copies, written -> {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private TensorData tensor(String name) {
    TensorData data = tensors.get(name);
    if (data == null) {
      throw new IllegalArgumentException(name);
    }
    return data;
  }
}

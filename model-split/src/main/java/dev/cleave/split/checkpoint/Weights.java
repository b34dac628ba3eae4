package dev.cleave.split.checkpoint;

import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The tensors of a checkpoint, mapped: of one safetensors file, of shards with an index, or of
 * another format's {@linkplain TensorSource sources}.
 *
 * <p>Nothing is read until asked for and nothing passes through the heap unless converted there.
 * Confined to the thread that opened it. Close unmaps; every segment handed out dies with it.
 */
public final class Weights implements AutoCloseable {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED;

  private final Runnable closer;
  private final SortedMap<String, TensorSource> sources;

  private Weights(Runnable closer, SortedMap<String, TensorSource> sources) {
    this.closer = closer;
    this.sources = sources;
  }

  /**
   * The tensors of another format.
   *
   * @param sources each under the name that its {@link TensorSource#info} gives
   * @param closer ends the memory that the sources handed out; run once, by {@link #close}
   */
  public static Weights of(Collection<? extends TensorSource> sources, Runnable closer) {
    SortedMap<String, TensorSource> byName = new TreeMap<>();
    for (TensorSource source : sources) {
      if (byName.put(source.info().name(), source) != null) {
        throw new IllegalArgumentException("two tensors are named " + source.info().name());
      }
    }
    return new Weights(closer, byName);
  }

  /**
   * Opens {@code model.safetensors} of a folder, or the shards that {@code
   * model.safetensors.index.json} names.
   *
   * @throws CheckpointRefused when the folder holds neither
   * @throws MalformedCheckpoint when a file lies about its content
   */
  public static Weights openFolder(Path folder) {
    Path single = folder.resolve("model.safetensors");
    if (Files.isRegularFile(single)) {
      return openFile(single);
    }
    Path index = folder.resolve("model.safetensors.index.json");
    if (Files.isRegularFile(index)) {
      return openShards(ShardIndex.read(index));
    }
    if (Files.exists(folder.resolve("pytorch_model.bin"))
        || Files.exists(folder.resolve("pytorch_model.bin.index.json"))) {
      throw new CheckpointRefused(
          "pytorch_model.bin",
          "pickled weights are not read; save the checkpoint as safetensors first");
    }
    throw new CheckpointRefused(
        "model.safetensors", "not in " + folder + ", nor an index of shards");
  }

  /** Opens one safetensors file. */
  public static Weights openFile(Path file) {
    Arena arena = Arena.ofConfined();
    try {
      return of(SafetensorsFile.map(file, arena).sources(), arena::close);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static Weights openShards(ShardIndex index) {
    Arena arena = Arena.ofConfined();
    try {
      SortedMap<String, TensorSource> sources = new TreeMap<>();
      for (Path shard : index.shards()) {
        SafetensorsFile mapped = SafetensorsFile.map(shard, arena);
        for (TensorSource source : mapped.sources()) {
          String name = source.info().name();
          if (!shard.equals(index.shardOf(name))) {
            throw new MalformedCheckpoint(
                shard.toString(), "holds tensor " + name + ", which the index places elsewhere");
          }
          sources.put(name, source);
        }
      }
      for (String name : index.names()) {
        if (!sources.containsKey(name)) {
          throw new MalformedCheckpoint(
              String.valueOf(index.shardOf(name)),
              "lacks tensor " + name + ", which the index places there");
        }
      }
      return new Weights(arena::close, sources);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** All names, sorted. */
  public SortedSet<String> names() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(sources.keySet()));
  }

  /** Whether there is such a tensor. */
  public boolean has(String name) {
    return sources.containsKey(name);
  }

  /**
   * Type and shape of one tensor.
   *
   * @throws CheckpointRefused when there is none of that name
   */
  public TensorInfo info(String name) {
    return source(name).info();
  }

  /** The bytes of one tensor, as its info says: read-only, borrowed until close. */
  public MemorySegment bytes(String name) {
    return source(name).bytes();
  }

  /** The tensor as {@link TensorData}, sharing the mapped memory. */
  public TensorData data(String name) {
    TensorInfo info = info(name);
    return new TensorData(name, info.dtype(), info.shape(), bytes(name));
  }

  /**
   * Converts a run of elements to f32.
   *
   * @param source f32, f16 or bf16 elements
   * @param dtype of the source
   * @param first index of the first element
   * @param out borrowed; as many f32 as it holds are written, in native order
   */
  public static void readF32(MemorySegment source, DType dtype, long first, MemorySegment out) {
    long count = out.byteSize() / Float.BYTES;
    switch (dtype) {
      case F32 -> MemorySegment.copy(source, first * Float.BYTES, out, 0, count * Float.BYTES);
      case F16 -> {
        for (long i = 0; i < count; i++) {
          short bits = source.get(HALF, (first + i) * Short.BYTES);
          out.set(F32, i * Float.BYTES, Float.float16ToFloat(bits));
        }
      }
      case BF16 -> {
        for (long i = 0; i < count; i++) {
          int bits = source.get(HALF, (first + i) * Short.BYTES) << 16;
          out.set(F32, i * Float.BYTES, Float.intBitsToFloat(bits));
        }
      }
      default -> throw new IllegalArgumentException("dtype must be f32, f16 or bf16: " + dtype);
    }
  }

  /** A whole tensor as f32 on the heap, row-major; for small ones. */
  public float[] floats(String name) {
    TensorInfo info = info(name);
    float[] values = new float[Math.toIntExact(info.elements())];
    readF32(bytes(name), info.dtype(), 0, MemorySegment.ofArray(values));
    return values;
  }

  /** The files, each once. */
  public List<Path> paths() {
    return sources.values().stream().map(TensorSource::path).distinct().toList();
  }

  private TensorSource source(String name) {
    TensorSource source = sources.get(name);
    if (source == null) {
      throw new CheckpointRefused("tensor " + name, "missing from the checkpoint");
    }
    return source;
  }

  @Override
  public void close() {
    closer.run();
  }
}

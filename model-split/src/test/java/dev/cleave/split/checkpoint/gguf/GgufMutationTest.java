package dev.cleave.split.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.cleave.split.checkpoint.TensorData;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.checkpoint.gguf.format.GgmlType;
import dev.cleave.split.checkpoint.gguf.format.GgufBuilder;
import dev.cleave.split.checkpoint.gguf.format.GgufFile;
import dev.cleave.split.checkpoint.gguf.format.GgufTensor;
import dev.cleave.split.error.SplitException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random damage to whole files: a refusal of ours, or a checkpoint that can be read to the end, and
 * never more memory than the file gives reason for. A hundred thousand files; for a million:
 *
 * <pre>./mvnw -pl model-split test -Dtest=GgufMutationTest -Dcleave.mutations=1000000</pre>
 */
class GgufMutationTest {
  private static final int MUTATIONS = Integer.getInteger("cleave.mutations", 100_000) / 2;
  private static final Path PATH = Path.of("mutated", "x.gguf");

  /** Files have 150 KB at most. */
  private static final long MAX_HEAP_BYTES = 16 << 20;

  private static final long[] ODD = {
    0,
    1,
    -1,
    2,
    31,
    32,
    33,
    255,
    256,
    65535,
    65536,
    1L << 20,
    (1L << 31) - 1,
    1L << 31,
    1L << 32,
    1L << 40,
    1L << 61,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MIN_VALUE + 1
  };

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private record Subject(String name, ByteBuffer file, int headerBytes) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 20261121})
  void mutatedFilesAreRefusedOrReadWhole(long seed) {
    Random random = new Random(seed);
    List<Subject> subjects = subjects();
    int read = 0;
    int readAll = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      Subject subject = subjects.get(random.nextInt(subjects.size()));
      byte[] mutated = mutate(random, subject);
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        readAll += read(mutated, i);
        read++;
      } catch (SplitException refused) {
        assertThat(refused.detail()).isNotEmpty();
      } catch (RuntimeException | OutOfMemoryError other) {
        throw new AssertionError(
            "seed %d, mutation %d of %s".formatted(seed, i, subject.name()), other);
      }
      long heapBytes = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(heapBytes)
          .as("heap for seed %d, mutation %d of %s", seed, i, subject.name())
          .isLessThan(MAX_HEAP_BYTES);
    }
    // Damage to names, texts and data often is none that a reader could see.
    assertThat(read).as("read").isBetween(MUTATIONS / 20, MUTATIONS * 3 / 4);
    assertThat(readAll).as("tensors read").isGreaterThan(MUTATIONS / 20);
  }

  /** Everything that a checkpoint gives; what takes long only once in a while. */
  private static int read(byte[] bytes, int turn) {
    Arena arena = Arena.ofConfined();
    GgufFile file = GgufFile.parse(PATH, MemorySegment.ofArray(bytes));
    try (GgufCheckpoint checkpoint = new GgufCheckpoint(arena, file)) {
      assertThat(checkpoint.name()).matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
      assertThat(checkpoint.config().size("vocab_size")).isPositive();
      checkpoint.chatTemplate();
      if (turn % 4 == 0) {
        assertThat(checkpoint.tokenizer()).isNotEmpty();
      }
      Weights weights = checkpoint.weights();
      if (turn % 16 != 0) {
        return 0;
      }
      for (String name : weights.names()) {
        TensorData data = weights.data(name);
        data.bytes().get(ValueLayout.JAVA_BYTE, data.bytes().byteSize() - 1);
      }
      return weights.names().size();
    }
  }

  private static List<Subject> subjects() {
    List<Subject> subjects = new ArrayList<>();
    for (String architecture : List.of("llama", "qwen2", "qwen3", "gpt2")) {
      GgufBuilder builder = TinyGguf.of(architecture, 3).builder();
      int layer = 0;
      for (GgmlType type : GgmlType.values()) {
        List<Long> shape = List.of(8L, (long) type.blockElements());
        String part = architecture.equals("gpt2") ? "attn_qkv" : "attn_k";
        byte[] data = new byte[8 * type.blockBytes()];
        new Random(layer).nextBytes(data);
        builder.tensor(
            "blk.%d.%s.weight".formatted(10 + layer++, part), type.number(), shape, data);
      }
      if (architecture.equals("llama")) {
        builder.tensor("rope_freqs.weight", List.of(4L), new float[] {1, 1, 1, 1});
      }
      byte[] file = builder.bytes();
      GgufFile parsed = GgufFile.parse(PATH, MemorySegment.ofArray(file));
      long first =
          parsed.tensors().values().stream().mapToLong(GgufTensor::offset).min().orElseThrow();
      subjects.add(new Subject(architecture, ByteBuffer.wrap(file), (int) first));
    }
    return subjects;
  }

  private static byte[] mutate(Random random, Subject subject) {
    byte[] bytes = new byte[subject.file().capacity()];
    subject.file().get(0, bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int left = 1 + random.nextInt(3); left > 0; left--) {
      int at = position(random, subject, bytes.length);
      switch (random.nextInt(8)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> buffer.putInt(Math.min(at, bytes.length - 4), (int) odd(random, bytes.length));
        case 3 -> buffer.putLong(Math.min(at, bytes.length - 8), odd(random, bytes.length));
        // A type, of values or of elements.
        case 4 -> buffer.putInt(Math.min(at, bytes.length - 4), random.nextInt(45));
        // Numbers of tensors and pairs.
        case 5 -> buffer.putLong(8 + 8 * random.nextInt(2), odd(random, bytes.length));
        case 6 -> {
          int length = Math.min(random.nextInt(64), bytes.length - at);
          int to = position(random, subject, bytes.length - length);
          System.arraycopy(bytes, at, bytes, to, length);
        }
        default -> {
          if (random.nextInt(8) == 0) {
            return Arrays.copyOf(bytes, at);
          }
        }
      }
    }
    return bytes;
  }

  /** Mostly before the data, where the lies are. */
  private static int position(Random random, Subject subject, int length) {
    int header = Math.min(subject.headerBytes(), length);
    // The vocabulary takes most of the header; pairs stand before it, the table of tensors after.
    return switch (random.nextInt(8)) {
      case 0 -> random.nextInt(length);
      case 1, 2, 3 -> random.nextInt(Math.min(900, header));
      case 4, 5, 6 -> Math.max(0, header - 1 - random.nextInt(3000));
      default -> random.nextInt(header);
    };
  }

  private static long odd(Random random, int fileBytes) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(fileBytes);
      case 1 -> random.nextInt(300);
      case 2 -> random.nextLong();
      default -> ODD[random.nextInt(ODD.length)];
    };
  }
}

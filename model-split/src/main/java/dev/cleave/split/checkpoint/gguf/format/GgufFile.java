package dev.cleave.split.checkpoint.gguf.format;

import dev.cleave.split.checkpoint.gguf.format.GgufMetadata.Elements;
import dev.cleave.split.error.CheckpointRefused;
import dev.cleave.split.error.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One mapped GGUF file: metadata and tensors, all checked; the arena that it is mapped into owns
 * the memory.
 *
 * <pre>
 *  "GGUF" | version u32 | tensors u64 | pairs u64
 *  pairs   x  key | type u32 | value
 *  tensors x  name | dims u32 | size u64 each, innermost first | type u32 | offset u64
 *  padding to the alignment | data, each tensor padded to the alignment
 * </pre>
 *
 * A string is its length in bytes as u64 and UTF-8; an array is its element type as u32, its length
 * as u64, and the elements. All little-endian. The layout, and most of the limits, are those of
 * gguf.cpp of llama.cpp; as there, tensors lie in the order of the table and without holes.
 */
public record GgufFile(
    Path path, MemorySegment memory, GgufMetadata metadata, Map<String, GgufTensor> tensors) {
  private static final int MAGIC = 0x46554747;
  private static final int MAX_PAIRS = 1 << 16;
  private static final int MAX_TENSORS = 1 << 16;
  private static final int MAX_KEY_BYTES = (1 << 16) - 1;

  /** All keys and texts together, which are kept on the heap. */
  private static final long MAX_HEAP_BYTES = 16 << 20;

  /** One text that is no array's element: the longest are chat templates. */
  private static final int MAX_TEXT_BYTES = 1 << 20;

  /** GGML_MAX_NAME, with the zero that ends it there. */
  private static final int MAX_NAME_BYTES = 63;

  private static final int MAX_RANK = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_ALIGNMENT = 1 << 20;

  /**
   * Maps and checks the file. The mapping lives as long as the arena.
   *
   * @throws MalformedCheckpoint when it is no GGUF file, damaged or lies about its content
   * @throws CheckpointRefused when its version or an element type is not read
   */
  public static GgufFile map(Path path, Arena arena) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return parse(path, memory);
    } catch (IOException e) {
      throw new MalformedCheckpoint(path.toString(), "cannot be read: " + e, e);
    }
  }

  /** Checks what lies in memory. */
  public static GgufFile parse(Path path, MemorySegment memory) {
    return new Parser(path, memory).parse();
  }

  /** The bytes of one tensor as they lie in the file. */
  public MemorySegment bytes(GgufTensor tensor) {
    return memory.asSlice(tensor.offset(), tensor.bytes());
  }

  private static final class Parser {
    private final Path path;
    private final MemorySegment memory;
    private final GgufCursor cursor;
    private final Map<String, Object> values = new HashMap<>();
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    private long heapBytes;

    Parser(Path path, MemorySegment memory) {
      this.path = path;
      this.memory = memory;
      this.cursor = new GgufCursor(path.toString(), memory, 0);
    }

    GgufFile parse() {
      if (memory.byteSize() < 4 || cursor.i32("magic") != MAGIC) {
        throw cursor.malformed(0, "does not start with GGUF");
      }
      int version = cursor.i32("version");
      // Version 2 has the layout of version 3, which added big-endian files.
      if (version != 3 && version != 2) {
        boolean swapped = Integer.reverseBytes(version) == 3;
        throw new CheckpointRefused(
            path + " version " + Integer.toUnsignedString(version),
            swapped ? "big-endian files are not read" : "not read; 2 and 3 are");
      }
      int tensorCount = (int) cursor.count(MAX_TENSORS, "number of tensors");
      int pairs = (int) cursor.count(MAX_PAIRS, "number of key-value pairs");
      for (int i = 0; i < pairs; i++) {
        readPair();
      }
      GgufMetadata metadata = new GgufMetadata(name(), memory, values);
      List<Entry> table = new ArrayList<>();
      for (int i = 0; i < tensorCount; i++) {
        table.add(readEntry());
      }
      place(table, alignment(metadata));
      return new GgufFile(path, memory, metadata, tensors);
    }

    private String name() {
      return String.valueOf(path.getFileName());
    }

    private void readPair() {
      long at = cursor.position();
      String key = keep(cursor.string(MAX_KEY_BYTES, "key"));
      GgufValueType type = valueType("type of " + key);
      Object value =
          switch (type) {
            case U8 -> (long) Byte.toUnsignedInt(cursor.i8(key));
            case I8 -> (long) cursor.i8(key);
            case U16 -> (long) Short.toUnsignedInt(cursor.i16(key));
            case I16 -> (long) cursor.i16(key);
            case U32 -> Integer.toUnsignedLong(cursor.i32(key));
            case I32 -> (long) cursor.i32(key);
            case I64 -> cursor.i64(key);
            case U64 -> cursor.count(Long.MAX_VALUE, key);
            case F32 -> Double.valueOf(Float.toString(Float.intBitsToFloat(cursor.i32(key))));
            case F64 -> Double.longBitsToDouble(cursor.i64(key));
            case BOOL -> bool(key);
            case STRING -> keep(cursor.string(MAX_TEXT_BYTES, key));
            case ARRAY -> elements(key);
          };
      if (values.put(key, value) != null) {
        throw cursor.malformed(at, "key " + key + " stands there twice");
      }
    }

    private String keep(String text) {
      heapBytes += text.length();
      if (heapBytes > MAX_HEAP_BYTES) {
        throw cursor.malformed(
            cursor.position(), "keys and texts have more than " + MAX_HEAP_BYTES + " bytes");
      }
      return text;
    }

    private GgufValueType valueType(String what) {
      long at = cursor.position();
      int number = cursor.i32(what);
      GgufValueType type = GgufValueType.of(number);
      if (type == null) {
        throw cursor.malformed(at, what + " is " + Integer.toUnsignedString(number) + ", unknown");
      }
      return type;
    }

    private boolean bool(String key) {
      long at = cursor.position();
      byte value = cursor.i8(key);
      if (value != 0 && value != 1) {
        throw cursor.malformed(at, key + " must be 0 or 1: " + value);
      }
      return value == 1;
    }

    private Elements elements(String key) {
      long at = cursor.position();
      GgufValueType type = valueType("element type of " + key);
      if (type == GgufValueType.ARRAY) {
        throw cursor.malformed(at, key + " is an array of arrays");
      }
      long count = cursor.count(Long.MAX_VALUE, "number of elements of " + key);
      long offset = cursor.position();
      if (type == GgufValueType.STRING) {
        for (long i = 0; i < count; i++) {
          cursor.skipString(GgufMetadata.MAX_ELEMENT_BYTES, "element of " + key);
        }
      } else {
        cursor.skip(count, type.bytes(), key);
      }
      return new Elements(type, count, offset, cursor.position() - offset);
    }

    private static int alignment(GgufMetadata metadata) {
      String key = "general.alignment";
      int alignment = metadata.integer(key).orElse(DEFAULT_ALIGNMENT);
      if (alignment < 8 || alignment > MAX_ALIGNMENT || Integer.bitCount(alignment) != 1) {
        throw metadata.malformed(
            key, "must be a power of two within [8, " + MAX_ALIGNMENT + "]: " + alignment);
      }
      return alignment;
    }

    private record Entry(String name, GgmlType type, List<Long> shape, long bytes, long relative) {}

    private Entry readEntry() {
      long at = cursor.position();
      String name = cursor.string(MAX_NAME_BYTES, "tensor name");
      String subject = "tensor " + name;
      int rank = cursor.i32("rank of " + subject);
      if (rank < 1 || rank > MAX_RANK) {
        throw cursor.malformed(
            at, subject + " has rank " + Integer.toUnsignedString(rank) + ", not 1 to " + MAX_RANK);
      }
      List<Long> shape = new ArrayList<>();
      long elements = 1;
      for (int i = 0; i < rank; i++) {
        long size = cursor.count(Long.MAX_VALUE, "size of " + subject);
        if (size < 1 || elements > Long.MAX_VALUE / Long.BYTES / size) {
          throw cursor.malformed(at, subject + " has size " + size + ": zero or overflowing");
        }
        elements *= size;
        shape.addFirst(size);
      }
      int number = cursor.i32("type of " + subject);
      GgmlType type = GgmlType.of(number);
      if (type == null) {
        throw new CheckpointRefused(
            subject,
            "has type "
                + GgmlType.describe(number)
                + "; F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K are read");
      }
      if (shape.getLast() % type.blockElements() != 0) {
        throw cursor.malformed(
            at,
            subject + " has rows of " + shape.getLast() + " elements, no whole blocks of " + type);
      }
      long bytes = elements / type.blockElements() * type.blockBytes();
      return new Entry(name, type, shape, bytes, cursor.i64("offset of " + subject));
    }

    private void place(List<Entry> table, int alignment) {
      long fileBytes = memory.byteSize();
      long start = aligned(cursor.position(), alignment);
      long next = 0;
      for (Entry entry : table) {
        String subject = "tensor " + entry.name();
        if (entry.relative() != next) {
          throw cursor.malformed(
              start,
              subject
                  + " has offset "
                  + Long.toUnsignedString(entry.relative())
                  + " where "
                  + next
                  + " is due: it overlaps another, leaves a hole or is not aligned");
        }
        // next never exceeds the file by more than the alignment, so nothing overflows.
        if (start + next > fileBytes || entry.bytes() > fileBytes - start - next) {
          throw cursor.malformed(
              start + next,
              subject + " has " + entry.bytes() + " bytes, the file ends at " + fileBytes);
        }
        GgufTensor tensor =
            new GgufTensor(entry.name(), entry.type(), entry.shape(), start + next, entry.bytes());
        if (tensors.put(entry.name(), tensor) != null) {
          throw cursor.malformed(start + next, subject + " stands there twice");
        }
        next = aligned(next + entry.bytes(), alignment);
      }
    }

    private static long aligned(long offset, int alignment) {
      return (offset + alignment - 1) & -alignment;
    }
  }
}

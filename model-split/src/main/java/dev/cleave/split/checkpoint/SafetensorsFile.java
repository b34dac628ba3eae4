package dev.cleave.split.checkpoint;

import dev.cleave.split.error.MalformedCheckpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** One mapped safetensors file; the arena that it is mapped into owns the memory. */
record SafetensorsFile(Path path, MemorySegment memory, Map<String, TensorInfo> tensors) {
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Maps and checks the file. The mapping lives as long as the arena. */
  static SafetensorsFile map(Path path, Arena arena) {
    String file = path.toString();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < SafetensorsHeader.LENGTH_BYTES + 2) {
        throw new MalformedCheckpoint(
            file, "has " + size + " bytes, too few for a safetensors header");
      }
      MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long length = SafetensorsHeader.checkLength(file, memory.get(LENGTH, 0), size);
      byte[] json =
          memory.asSlice(SafetensorsHeader.LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
      return new SafetensorsFile(
          path,
          memory,
          SafetensorsHeader.parse(file, new ByteArrayInputStream(json), length, size));
    } catch (IOException e) {
      throw new MalformedCheckpoint(file, "cannot be read: " + e, e);
    }
  }

  /** Every tensor of the file; the bytes live as long as the arena. */
  List<TensorSource> sources() {
    return tensors.values().stream().<TensorSource>map(info -> new Mapped(this, info)).toList();
  }

  private record Mapped(SafetensorsFile file, TensorInfo info) implements TensorSource {
    @Override
    public MemorySegment bytes() {
      return file.memory().asSlice(info.offset(), info.bytes());
    }

    @Override
    public Path path() {
      return file.path();
    }
  }
}

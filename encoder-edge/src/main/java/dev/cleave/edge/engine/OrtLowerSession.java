package dev.cleave.edge.engine;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One session: its KV memory, and the bindings that do not change from call to call. */
final class OrtLowerSession implements LowerSession {
  static final String POSITIONS = "position_ids";
  private static final String LAST = "seqlens_k";
  private static final String TOTAL = "total_sequence_length";

  /** As the kernels like it. */
  private static final int ALIGNMENT_BYTES = 64;

  private final OrtModel model;
  private final int width;
  private final int vocabulary;
  private final int capacity;

  /** Shared because a session may be closed by another thread than the one that opened it. */
  private final Arena arena = Arena.ofShared();

  private final List<OnnxTensor> bound = new ArrayList<>();
  private final Map<String, OnnxTensor> inputs = new HashMap<>();
  private final Map<String, OnnxTensor> outputs = new HashMap<>();
  private final OrtSession.RunOptions options;
  private MemorySegment kv = MemorySegment.NULL;

  /** What seqlens_k and total_sequence_length read: [last, total]. */
  private MemorySegment lengths = MemorySegment.NULL;

  /** Position ids 0, 1, ... of which each call gets a slice; empty where the graph takes none. */
  private LongBuffer positions = LongBuffer.allocate(0);

  private int length;
  private boolean closed;

  private OrtLowerSession(OrtModel model, int width, int vocabulary, int capacity)
      throws OrtException {
    this.model = model;
    this.width = width;
    this.vocabulary = vocabulary;
    this.capacity = capacity;
    this.options = new OrtSession.RunOptions();
    // What fails is thrown; the log would hold token ids.
    options.setLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
  }

  static OrtLowerSession open(
      OrtModel model, LowerShape shape, OrtLowerEngine.KvShape kv, int capacity) {
    OrtLowerSession session = null;
    try {
      session = new OrtLowerSession(model, shape.width(), kv.vocabulary(), capacity);
      session.bind(kv);
      return session;
    } catch (OrtException | OutOfMemoryError e) {
      if (session != null) {
        session.close();
      }
      throw CleaveException.fatal(
              Code.ENGINE,
              "could not get %d bytes for the keys and values of %d positions"
                  .formatted(kv.bytes(capacity), capacity),
              "close other sessions, or open one of fewer positions")
          .causedBy(e);
    }
  }

  private void bind(OrtLowerEngine.KvShape shape) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    if (shape.positionIds()) {
      MemorySegment ids = arena.allocate((long) capacity * Long.BYTES, ALIGNMENT_BYTES);
      for (int p = 0; p < capacity; p++) {
        ids.setAtIndex(ValueLayout.JAVA_LONG, p, p);
      }
      positions = ids.asByteBuffer().order(ByteOrder.nativeOrder()).asLongBuffer();
    }
    if (shape.layers() == 0) {
      return;
    }
    lengths = arena.allocate(2 * Integer.BYTES, ALIGNMENT_BYTES);
    bound.add(integer(environment, 0, 1));
    inputs.put(LAST, bound.getLast());
    bound.add(integer(environment, 1));
    inputs.put(TOTAL, bound.getLast());
    long bytes = shape.tensorBytes(capacity);
    kv = arena.allocate(shape.bytes(capacity), ALIGNMENT_BYTES);
    long[] dimensions = {1, shape.heads(), capacity, shape.headDim()};
    for (int i = 0; i < 2 * shape.layers(); i++) {
      FloatBuffer part =
          kv.asSlice(i * bytes, bytes)
              .asByteBuffer()
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      OnnxTensor tensor = OnnxTensor.createTensor(environment, part, dimensions);
      bound.add(tensor);
      String name = i / 2 + (i % 2 == 0 ? ".key" : ".value");
      inputs.put("past." + name, tensor);
      outputs.put("present." + name, tensor);
    }
  }

  private OnnxTensor integer(OrtEnvironment environment, int index, long... shape)
      throws OrtException {
    return OnnxTensor.createTensor(
        environment,
        lengths
            .asSlice((long) index * Integer.BYTES, Integer.BYTES)
            .asByteBuffer()
            .order(ByteOrder.nativeOrder())
            .asIntBuffer(),
        shape);
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public void append(LongBuffer ids, FloatBuffer hidden) {
    int count = ids.remaining();
    requireOpen();
    requireRoom(count);
    if (!ids.isDirect() || !hidden.isDirect()) {
      throw new IllegalArgumentException("ids and hidden must be direct buffers");
    }
    requireKnown(ids);
    int elements = Math.multiplyExact(count, width);
    if (hidden.remaining() < elements) {
      throw new IllegalArgumentException(
          "hidden must have room for %d x %d = %d elements, has %d"
              .formatted(count, width, elements, hidden.remaining()));
    }
    try {
      run(ids.slice(), hidden.slice(hidden.position(), elements));
      length += count;
    } catch (OrtException e) {
      throw CleaveException.fatal(
              Code.ENGINE,
              "could not compute %d positions after %d: %s".formatted(count, length, e.getCode()),
              "free some memory or shorten the input, then try again")
          .causedBy(e);
    }
  }

  private void run(LongBuffer ids, FloatBuffer hidden) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    int count = ids.remaining();
    long[] shape = {1, count};
    if (lengths.byteSize() > 0) {
      lengths.setAtIndex(ValueLayout.JAVA_INT, 0, length + count - 1);
      lengths.setAtIndex(ValueLayout.JAVA_INT, 1, length + count);
    }
    try (OnnxTensor input = OnnxTensor.createTensor(environment, ids, shape);
        OnnxTensor output =
            OnnxTensor.createTensor(environment, hidden, new long[] {1, count, width})) {
      inputs.put(OrtModel.IDS, input);
      outputs.put(OrtModel.HIDDEN, output);
      if (positions.capacity() == 0) {
        model.run(inputs, outputs, options);
      } else {
        try (OnnxTensor rows =
            OnnxTensor.createTensor(environment, positions.slice(length, count), shape)) {
          inputs.put(POSITIONS, rows);
          model.run(inputs, outputs, options);
        }
      }
    }
  }

  @Override
  public void truncate(int to) {
    requireOpen();
    if (to < 0 || to > length) {
      throw new IllegalArgumentException("length must be in [0, %d], was %d".formatted(length, to));
    }
    length = to;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      bound.forEach(OnnxTensor::close);
      options.close();
      kv.fill((byte) 0);
      arena.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw CleaveException.fatal(Code.CLOSED, "the session is closed", "open another");
    }
  }

  /** The operator that looks up rounded rows ends the process on one that does not exist. */
  private void requireKnown(LongBuffer ids) {
    for (int i = ids.position(); i < ids.limit(); i++) {
      if (ids.get(i) < 0 || ids.get(i) >= vocabulary) {
        throw CleaveException.fatal(
            Code.INPUT,
            "position %d has an id outside of this model's %d"
                .formatted(length + i - ids.position(), vocabulary),
            "use the tokenizer and the server of this bundle");
      }
    }
  }

  private void requireRoom(int count) {
    if (count == 0) {
      throw CleaveException.fatal(
          Code.INPUT, "there is nothing to compute: 0 positions", "give some text");
    }
    if (count > capacity - length) {
      throw CleaveException.fatal(
          Code.INPUT,
          "the session holds %d positions and has room for %d, %d more do not fit"
              .formatted(length, capacity, count),
          "shorten the text, or open a session of more positions");
    }
  }
}

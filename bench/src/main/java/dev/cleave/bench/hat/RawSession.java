package dev.cleave.bench.hat;

import dev.cleave.hat.ffi.cleave_hat_buffer;
import dev.cleave.hat.ffi.cleave_hat_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** A session on the simulator by its C functions alone, with buffers for one frame. */
final class RawSession implements AutoCloseable {
  static final int POSITIONS = 8;
  static final int FEATURES = 64;

  private static final long PAGE = 64 << 10;

  private final Arena arena;
  private final cleave_hat_h calls;
  private MemorySegment device = MemorySegment.NULL;
  private MemorySegment model = MemorySegment.NULL;
  private MemorySegment session = MemorySegment.NULL;

  private RawSession(Arena arena, Path library) {
    this.arena = arena;
    this.calls = new cleave_hat_h(library, arena);
  }

  static RawSession open(Path library) {
    RawSession raw = new RawSession(Arena.ofShared(), library);
    boolean opened = false;
    try {
      raw.open();
      opened = true;
      return raw;
    } finally {
      if (!opened) {
        raw.close();
      }
    }
  }

  private void open() {
    MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    check(calls.cleave_hat_device_open(MemorySegment.NULL, out));
    device = out.get(ValueLayout.ADDRESS, 0);
    byte[] bytes = ReluModel.of(POSITIONS, FEATURES);
    MemorySegment file = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    check(calls.cleave_hat_model_load_buffer(device, file, bytes.length, out));
    model = out.get(ValueLayout.ADDRESS, 0);
    check(calls.cleave_hat_session_open(model, out));
    session = out.get(ValueLayout.ADDRESS, 0);
  }

  cleave_hat_h calls() {
    return calls;
  }

  MemorySegment handle() {
    return session;
  }

  /** Two buffers, for the input and the output. */
  MemorySegment buffers() {
    MemorySegment buffers = cleave_hat_buffer.allocateArray(2, arena);
    String[] edges = {ReluModel.INPUT, ReluModel.OUTPUT};
    for (int i = 0; i < edges.length; i++) {
      MemorySegment buffer = cleave_hat_buffer.asSlice(buffers, i);
      cleave_hat_buffer.edge(buffer, arena.allocateFrom(edges[i]));
      cleave_hat_buffer.data(buffer, arena.allocate(PAGE, PAGE));
      cleave_hat_buffer.bytes(buffer, (long) POSITIONS * FEATURES * Short.BYTES);
    }
    return buffers;
  }

  private static void check(int status) {
    if (status != 0) {
      throw new IllegalStateException("the simulator says " + status);
    }
  }

  @Override
  public void close() {
    if (!session.equals(MemorySegment.NULL)) {
      check(calls.cleave_hat_session_close(session));
    }
    if (!model.equals(MemorySegment.NULL)) {
      check(calls.cleave_hat_model_free(model));
    }
    if (!device.equals(MemorySegment.NULL)) {
      check(calls.cleave_hat_device_close(device));
    }
    arena.close();
  }
}

package dev.cleave.hat.ffi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.ToIntFunction;

/** A library without the safe API around it. Closes what was opened through it, the last first. */
final class RawLibrary implements AutoCloseable {
  /** What out pointers hold until somebody writes them. */
  static final MemorySegment UNTOUCHED = MemorySegment.ofAddress(0x5A5A5A5A);

  final Arena arena = Arena.ofShared();
  final cleave_hat_h calls;
  private final Deque<Runnable> opened = new ArrayDeque<>();

  RawLibrary(Path file) {
    calls = new cleave_hat_h(file, arena);
  }

  MemorySegment out() {
    MemorySegment out = arena.allocate(ADDRESS);
    out.set(ADDRESS, 0, UNTOUCHED);
    return out;
  }

  String name(int status) {
    return calls.cleave_hat_status_name(status).getString(0);
  }

  int devices() {
    MemorySegment count = arena.allocate(JAVA_INT);
    int capacity = 16;
    MemorySegment ids = cleave_hat_device_id.allocateArray(capacity, arena);
    assertThat(name(calls.cleave_hat_scan(ids, capacity, count))).isEqualTo("SUCCESS");
    return count.get(JAVA_INT, 0);
  }

  /** The first device; the test is skipped where there is none. */
  MemorySegment device() {
    assumeThat(devices()).as("devices of this machine").isPositive();
    return open(
        out -> calls.cleave_hat_device_open(MemorySegment.NULL, out),
        calls::cleave_hat_device_close);
  }

  MemorySegment model(MemorySegment device, Path file) {
    MemorySegment path = arena.allocateFrom(file.toString());
    return open(
        out -> calls.cleave_hat_model_load_file(device, path, out), calls::cleave_hat_model_free);
  }

  MemorySegment session(MemorySegment model) {
    return open(out -> calls.cleave_hat_session_open(model, out), calls::cleave_hat_session_close);
  }

  private MemorySegment open(
      ToIntFunction<MemorySegment> open, ToIntFunction<MemorySegment> close) {
    MemorySegment out = out();
    assertThat(name(open.applyAsInt(out))).isEqualTo("SUCCESS");
    MemorySegment handle = out.get(ADDRESS, 0);
    opened.push(() -> assertThat(name(close.applyAsInt(handle))).isEqualTo("SUCCESS"));
    return handle;
  }

  /** A buffer for every edge of a model: an array of cleave_hat_buffer. */
  MemorySegment buffers(MemorySegment model) {
    int count = edges(model);
    MemorySegment buffers = cleave_hat_buffer.allocateArray(count, arena);
    MemorySegment info = cleave_hat_edge_info.allocate(arena);
    for (int i = 0; i < count; i++) {
      assertThat(calls.cleave_hat_model_edge_info(model, i, info)).isZero();
      MemorySegment buffer = cleave_hat_buffer.asSlice(buffers, i);
      long bytes = cleave_hat_edge_info.frame_bytes(info);
      cleave_hat_buffer.edge(buffer, arena.allocateFrom(cleave_hat_edge_info.name(info)));
      cleave_hat_buffer.data(buffer, arena.allocate(bytes + (1 << 16), 1 << 16));
      cleave_hat_buffer.bytes(buffer, bytes);
    }
    return buffers;
  }

  int edges(MemorySegment model) {
    MemorySegment count = arena.allocate(JAVA_INT);
    assertThat(calls.cleave_hat_model_edge_count(model, count)).isZero();
    return count.get(JAVA_INT, 0);
  }

  @Override
  public void close() {
    opened.forEach(Runnable::run);
    MemorySegment open = cleave_hat_open_handles.allocate(arena);
    assertThat(calls.cleave_hat_count_open(open)).isZero();
    assertThat(open.toArray(java.lang.foreign.ValueLayout.JAVA_LONG))
        .as("devices, models, sessions and transfers that are open after the test")
        .containsOnly(0);
    arena.close();
  }
}

package dev.cleave.hat;

import static dev.cleave.hat.HatException.Category.FATAL;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_FLOAT32;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_INPUT;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_MAX_TRANSFER_BYTES;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_UINT16;
import static dev.cleave.hat.ffi.cleave_hat_constants.CLEAVE_HAT_UINT8;

import dev.cleave.hat.ffi.cleave_hat_edge_info;
import dev.cleave.hat.ffi.cleave_hat_h;
import dev.cleave.hat.quantise.QuantInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A model behind its handle. */
final class NativeModel implements HatModel {
  /** Of edges, from whatever the library says: a model has a few. */
  private static final int MOST_EDGES = 256;

  private final cleave_hat_h calls;
  private final Statuses statuses;
  private final String name;
  private final Handle handle;
  private int batch = 1;

  NativeModel(cleave_hat_h calls, Statuses statuses, MemorySegment address, String name) {
    this.calls = calls;
    this.statuses = statuses;
    this.name = name;
    this.handle = new Handle(statuses, address, "model " + name);
  }

  @Override
  public synchronized List<HatEdge> edges() {
    String what = "reading the edges of " + name;
    try (Arena local = Arena.ofConfined()) {
      MemorySegment number = local.allocate(ValueLayout.JAVA_INT);
      statuses.check(handle.call(model -> calls.cleave_hat_model_edge_count(model, number)), what);
      int count = number.get(ValueLayout.JAVA_INT, 0);
      if (count < 1 || count > MOST_EDGES) {
        throw odd(what, "it has %d edges".formatted(count));
      }
      MemorySegment info = cleave_hat_edge_info.allocate(local);
      List<HatEdge> edges = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int index = i;
        statuses.check(
            handle.call(model -> calls.cleave_hat_model_edge_info(model, index, info)), what);
        edges.add(edge(info, what));
      }
      return List.copyOf(edges);
    }
  }

  private static HatEdge edge(MemorySegment info, String what) {
    String edge = cleave_hat_edge_info.name(info);
    HatType type =
        switch (cleave_hat_edge_info.dtype(info)) {
          case CLEAVE_HAT_UINT8 -> HatType.UINT8;
          case CLEAVE_HAT_UINT16 -> HatType.UINT16;
          case CLEAVE_HAT_FLOAT32 -> HatType.FLOAT32;
          default ->
              throw odd(what, "%s has type %d".formatted(edge, cleave_hat_edge_info.dtype(info)));
        };
    int height = cleave_hat_edge_info.height(info);
    int width = cleave_hat_edge_info.width(info);
    int features = cleave_hat_edge_info.features(info);
    long bytes = cleave_hat_edge_info.frame_bytes(info);
    // Before anything multiplies or allocates; as unsigned numbers they may be negative here.
    boolean sizes = height > 0 && width > 0 && features > 0 && bytes > 0;
    if (!sizes
        || bytes > CLEAVE_HAT_MAX_TRANSFER_BYTES
        || (long) height * width > bytes / type.bytes() / features
        || (long) height * width * features * type.bytes() != bytes) {
      throw odd(
          what,
          "%s is [%d, %d, %d] of %s in %d bytes, of at most %d"
              .formatted(
                  edge, height, width, features, type, bytes, CLEAVE_HAT_MAX_TRANSFER_BYTES));
    }
    return new HatEdge(
        edge,
        cleave_hat_edge_info.direction(info) == CLEAVE_HAT_INPUT,
        type,
        height,
        width,
        features,
        bytes,
        new QuantInfo(
            cleave_hat_edge_info.scale(info),
            cleave_hat_edge_info.zero_point(info),
            cleave_hat_edge_info.limit_low(info),
            cleave_hat_edge_info.limit_high(info)));
  }

  private static HatException odd(String what, String fact) {
    return new HatException(
        FATAL, what, 0, "", fact + ", which cannot be: compile the model again");
  }

  @Override
  public synchronized void format(String edge, HatType type) {
    int dtype =
        switch (type) {
          case UINT8 -> CLEAVE_HAT_UINT8;
          case UINT16 -> CLEAVE_HAT_UINT16;
          case FLOAT32 -> CLEAVE_HAT_FLOAT32;
        };
    try (Arena local = Arena.ofConfined()) {
      MemorySegment nativeEdge = local.allocateFrom(edge);
      statuses.check(
          handle.call(model -> calls.cleave_hat_model_set_format(model, nativeEdge, dtype)),
          "choosing %s for edge %s of %s".formatted(type, edge, name),
          "choose before a session is open, for an edge that there is, a type that it can hold");
    }
  }

  @Override
  public synchronized void batch(int frames) {
    statuses.check(
        handle.call(model -> calls.cleave_hat_model_set_batch(model, frames)),
        "choosing %d frames a transfer for %s".formatted(frames, name),
        "choose 1 to 16 before a session is open");
    batch = frames;
  }

  @Override
  public synchronized HatSession open() {
    List<HatEdge> edges = edges();
    for (HatEdge edge : edges) {
      if (edge.frameBytes() * batch > CLEAVE_HAT_MAX_TRANSFER_BYTES) {
        throw new HatException(
            FATAL,
            "opening a session of " + name,
            0,
            "",
            "%d frames of %d bytes at edge %s are more than the %d of a transfer: choose fewer"
                .formatted(batch, edge.frameBytes(), edge.name(), CLEAVE_HAT_MAX_TRANSFER_BYTES));
      }
    }
    try (Arena local = Arena.ofConfined()) {
      MemorySegment out = local.allocate(ValueLayout.ADDRESS);
      statuses.check(
          handle.call(model -> calls.cleave_hat_session_open(model, out)),
          "opening a session of " + name);
      Handle session =
          new Handle(statuses, out.get(ValueLayout.ADDRESS, 0), "the session of " + name);
      return NativeSession.of(calls, statuses, session, new FrameShape(name, edges, batch));
    }
  }

  @Override
  public void close() {
    handle.close(calls::cleave_hat_model_free);
  }
}

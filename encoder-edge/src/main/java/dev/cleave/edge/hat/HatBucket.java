package dev.cleave.edge.hat;

import dev.cleave.hat.HatEdge;
import dev.cleave.hat.HatException;
import dev.cleave.hat.HatFrame;
import dev.cleave.hat.HatModel;
import dev.cleave.hat.HatSession;
import dev.cleave.hat.HatType;
import dev.cleave.hat.quantise.QuantInfo;
import dev.cleave.hat.quantise.QuantKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The encoder at one length, ready to run. Thread-safe: each run has a frame of its own, so that
 * one is prepared while another is on the chip.
 */
final class HatBucket implements AutoCloseable {
  private final int positions;
  private final int width;
  private final HatModel model;
  private final HatSession session;
  private final HatEdge embeddings;
  private final HatEdge mask;
  private final HatEdge output;

  private HatBucket(int positions, int width, HatModel model, Edges edges) {
    this.positions = positions;
    this.width = width;
    this.model = model;
    this.embeddings = edges.embeddings();
    this.mask = edges.mask();
    this.output = edges.output();
    this.session = model.open();
  }

  private record Edges(HatEdge embeddings, HatEdge mask, HatEdge output) {}

  /**
   * Takes a model over, and closes it when this fails.
   *
   * @throws HatException when its edges are not those of the encoder, or no session can be opened
   */
  static HatBucket of(HatModel model, int positions, int width) {
    try {
      return new HatBucket(positions, width, model, edges(model, positions, width));
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Told apart by their sizes: compilers give them names of their own. */
  private static Edges edges(HatModel model, int positions, int width) {
    List<HatEdge> all = model.edges();
    Optional<HatEdge> embeddings = edge(all, true, positions * width);
    Optional<HatEdge> mask = edge(all, true, positions);
    Optional<HatEdge> output = edge(all, false, positions * width);
    if (all.size() != 3 || embeddings.isEmpty() || mask.isEmpty() || output.isEmpty()) {
      throw unfit(positions, "its edges are not those of the encoder at that length");
    }
    for (HatEdge edge : all) {
      if (edge.type() != HatType.FLOAT32 && edge.quantisation().perFeature()) {
        throw unfit(
            positions,
            "edge %s is quantised per feature, which is not read".formatted(edge.name()));
      }
    }
    return new Edges(embeddings.get(), mask.get(), output.get());
  }

  private static Optional<HatEdge> edge(List<HatEdge> all, boolean input, int elements) {
    return all.stream()
        .filter(edge -> edge.input() == input && edge.elements() == elements)
        .findFirst();
  }

  private static HatException unfit(int positions, String why) {
    return new HatException(
        HatException.Category.FATAL,
        "loading the model for %d positions: %s".formatted(positions, why),
        0,
        "",
        "compile the bundle's device/hailo/encoder-%d.onnx and take it in again"
            .formatted(positions));
  }

  int positions() {
    return positions;
  }

  /**
   * Runs one input.
   *
   * @param rows f32 {@code [count, width]} from its start on, room for {@code [positions, width]};
   *     what is behind the rows is overwritten
   * @param padding room for {@code positions} f32; overwritten
   * @param hidden takes f32 {@code [count, width]}
   */
  void run(
      MemorySegment rows, MemorySegment padding, int count, FloatBuffer hidden, Duration timeout) {
    long filled = (long) count * width * Float.BYTES;
    long whole = (long) positions * width * Float.BYTES;
    rows.asSlice(filled, whole - filled).fill((byte) 0);
    for (int p = 0; p < positions; p++) {
      float value = p < count ? 0 : mask.quantisation().limitLow();
      padding.setAtIndex(ValueLayout.JAVA_FLOAT, p, value);
    }
    try (HatFrame frame = session.frame()) {
      put(rows, embeddings, frame);
      put(padding, mask, frame);
      session.run(frame, timeout);
      take(frame.buffer(output.name()), count * width, MemorySegment.ofBuffer(hidden));
    }
  }

  private static void put(MemorySegment values, HatEdge edge, HatFrame frame) {
    MemorySegment stored = frame.buffer(edge.name());
    QuantInfo info = edge.quantisation();
    switch (edge.type()) {
      case UINT8 -> QuantKernels.toUint8(values, edge.elements(), info, stored);
      case UINT16 -> QuantKernels.toUint16(values, edge.elements(), info, stored);
      case FLOAT32 -> MemorySegment.copy(values, 0, stored, 0, 4L * edge.elements());
    }
  }

  private void take(MemorySegment stored, int elements, MemorySegment values) {
    QuantInfo info = output.quantisation();
    switch (output.type()) {
      case UINT8 -> QuantKernels.fromUint8(stored, elements, info, values);
      case UINT16 -> QuantKernels.fromUint16(stored, elements, info, values);
      case FLOAT32 -> MemorySegment.copy(stored, 0, values, 0, 4L * elements);
    }
  }

  @Override
  public void close() {
    session.close();
    model.close();
  }
}

package dev.cleave.hat;

import java.util.List;

/**
 * A compiled model on a device. Types and batch are chosen before the first session. Thread-safe;
 * closed after its sessions.
 */
public interface HatModel extends AutoCloseable {
  /** Inputs first, then outputs, with the types that are chosen now. */
  List<HatEdge> edges();

  /**
   * Chooses the type of an edge's buffers.
   *
   * @throws HatException when the edge cannot hold it, or a session is open
   */
  void format(String edge, HatType type);

  /** Frames of one transfer, 1 to 16; 1 unless chosen. */
  void batch(int frames);

  /** Configures the device. Blocks up to 45 seconds. */
  HatSession open();

  @Override
  void close();
}

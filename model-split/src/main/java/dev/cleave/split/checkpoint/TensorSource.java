package dev.cleave.split.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * One tensor of a checkpoint, wherever its bytes come from. Confined to the checkpoint's thread.
 */
public interface TensorSource {
  /** Name, type and shape. */
  TensorInfo info();

  /**
   * The bytes that the info announces: read-only, borrowed until the checkpoint closes. A source
   * that has to compute them does so at the first call.
   */
  MemorySegment bytes();

  /** The file of the checkpoint that holds the tensor. */
  Path path();
}

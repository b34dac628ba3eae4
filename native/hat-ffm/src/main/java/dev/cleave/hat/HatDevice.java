package dev.cleave.hat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A device that this process has for itself. Thread-safe; closed after its models. */
public interface HatDevice extends AutoCloseable {
  /** What it says of itself. */
  HatDeviceInfo info();

  /**
   * Health, asked for up to three times, because the vendor's client may lose a reply. Blocks up to
   * 90 seconds; never called on a thread that infers.
   *
   * @throws HatException when the connection is lost
   */
  HatTelemetry telemetry();

  /**
   * Loads a compiled model. Blocks up to 45 seconds.
   *
   * @throws HatException when there is no such file, it is damaged, or for another release
   */
  HatModel load(Path file);

  /**
   * Loads a compiled model.
   *
   * @param bytes borrowed until return
   */
  HatModel load(MemorySegment bytes);

  /** Succeeds though the connection is lost. Idempotent. */
  @Override
  void close();
}

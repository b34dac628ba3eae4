package dev.cleave.hat;

import java.nio.file.Path;
import java.util.List;

/**
 * A native library with the ABI of {@code cleave_hat.h}: over the vendor's runtime, or the
 * simulator. Thread-safe. Made by {@link #open}, closed by whoever made it, after its devices.
 */
public interface HatLibrary extends AutoCloseable {
  /**
   * Loads a library.
   *
   * @param file libcleave_hat.so or libcleave_hat_sim.so
   * @throws HatException when it cannot be loaded, lacks a function, or has another ABI
   */
  static HatLibrary open(Path file) {
    return NativeLibrary.load(file);
  }

  /** Release of the runtime below, as 5.2.0 or 5.2.0-simulated. */
  String version();

  /** Whether it is the simulator, which is for development alone. */
  default boolean simulated() {
    return version().endsWith("-simulated");
  }

  /** Names of the devices of this machine, free or not; perhaps none. Blocks up to 10 seconds. */
  List<String> scan();

  /**
   * Opens a device for this process alone. Blocks up to 10 seconds.
   *
   * @param name of {@link #scan}, or empty for the first that there is
   * @throws HatException when there is none, it is taken, or driver and library do not match
   */
  HatDevice open(String name);

  /** What is open in this process. */
  OpenHandles openHandles();

  @Override
  void close();
}

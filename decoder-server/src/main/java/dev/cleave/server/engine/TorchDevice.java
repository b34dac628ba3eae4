package dev.cleave.server.engine;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks before anything large is allocated that the device is there and has the room. */
public final class TorchDevice {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  static {
    // DJL reports its use over the network, and fetches what it does not find, unless told not to
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.offline", "true");
  }

  private TorchDevice() {}

  /** libtorch, loaded at the first call. */
  static Engine engine() {
    return Engine.getEngine("PyTorch");
  }

  /** Refuses a CUDA device that this process cannot reach. */
  public static void requirePresent(String device) {
    if (device.equals("cpu")) {
      return;
    }
    int index = Integer.parseInt(device.substring("cuda:".length()));
    try (NDManager manager = engine().newBaseManager(Device.gpu(index));
        NDArray probe = manager.zeros(new Shape(1), DataType.FLOAT32)) {
      float zero = probe.toFloatArray()[0];
      if (zero != 0) {
        throw new IllegalStateException("the device answers 0 with " + zero);
      }
    } catch (RuntimeException | LinkageError e) {
      throw new EngineException(
          "open engine",
          device,
          "libtorch cannot use this device. Install libtorch 2.7.1 for CUDA 12.8 and an NVIDIA"
              + " driver that supports it, set PYTORCH_LIBRARY_PATH to its lib folder,"
              + " PYTORCH_VERSION=2.7.1 and PYTORCH_FLAVOR=cu128, check that nvidia-smi lists the"
              + " device; or start with --device cpu",
          e);
    }
  }

  /**
   * Refuses what would not fit into the memory that is free now.
   *
   * @param bytes of one
   * @param count how many of them
   * @param what it is, for people
   * @param nextMove what makes it smaller
   */
  public static void requireRoom(
      String device, long bytes, int count, String what, String nextMove) {
    if (!device.equals("cpu")) {
      // libtorch itself refuses at allocation, and knows better what is free
      return;
    }
    long available = availableBytes();
    long needed = bytes > Long.MAX_VALUE / count ? Long.MAX_VALUE : bytes * count;
    if (needed > available) {
      throw new EngineException(
          "open engine",
          what,
          "only " + available + " bytes of memory are available: " + nextMove,
          null);
    }
  }

  private static long availableBytes() {
    try {
      if (Files.isReadable(MEMINFO)) {
        for (String line : Files.readAllLines(MEMINFO)) {
          if (line.startsWith("MemAvailable:")) {
            return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
          }
        }
      }
    } catch (IOException e) {
      // not Linux, or a sandbox: then the allocation itself is the check
    }
    return Long.MAX_VALUE;
  }
}

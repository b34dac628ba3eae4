package dev.cleave.split.bundle;

/**
 * One file of a bundle.
 *
 * @param path {@code device/NAME}, {@code server/NAME} or {@code device/hailo/NAME}, nothing deeper
 *     and nothing outside
 * @param bytes its size
 * @param sha256 its hash, 64 digits of lower-case hex
 */
public record BundleFile(String path, long bytes, String sha256) {
  /** What the device half has for an accelerator lies in a folder of its own. */
  static final String HAILO = "device/hailo";

  public BundleFile {
    if (!path.matches("(device|server|" + HAILO + ")/[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
      throw new IllegalArgumentException(
          "a file's path must be device/NAME or server/NAME, or " + HAILO + "/NAME: " + path);
    }
    if (bytes < 0) {
      throw new IllegalArgumentException("a file's size must not be negative: " + bytes);
    }
    if (!sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("sha256 must be 64 digits of lower-case hex: " + sha256);
    }
  }

  /** The half it belongs to. */
  public Half half() {
    return path.startsWith(Half.DEVICE.folder() + "/") ? Half.DEVICE : Half.SERVER;
  }

  /** Its name within the half: {@code encoder.onnx}, {@code hailo/encoder-64.onnx}. */
  public String name() {
    return path.substring(path.indexOf('/') + 1);
  }
}

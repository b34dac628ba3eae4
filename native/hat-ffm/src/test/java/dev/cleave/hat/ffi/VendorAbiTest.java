package dev.cleave.hat.ffi;

import dev.cleave.hat.VendorLibrary;
import java.nio.file.Path;

/** The contract on the vendor's runtime: without a board, what it says without one. */
class VendorAbiTest extends AbiContract {
  @Override
  Path file() {
    Path file = VendorLibrary.file();
    Environment.setIfAbsent("HAILORT_LOGGER_PATH", "NONE");
    return file;
  }

  @Override
  Path model() {
    return VendorLibrary.model();
  }
}

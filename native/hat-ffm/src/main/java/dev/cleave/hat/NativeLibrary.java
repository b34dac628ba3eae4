package dev.cleave.hat;

import java.nio.file.Path;

/** Opens libraries. */
final class NativeLibrary {
  private NativeLibrary() {}

  static HatLibrary load(Path file) {
    throw new HatException(
        HatException.Category.FATAL, "loading " + file, 0, "", "there are no bindings yet");
  }
}

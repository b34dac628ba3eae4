package dev.cleave.hat;

import java.nio.file.Path;

/** Opens libraries. */
final class NativeLibrary {
  private NativeLibrary() {}

  @SuppressWarnings("DoNotCallSuggester")
  static HatLibrary load(Path file) {
    throw failure(file);
  }

  private static HatException failure(Path file) {
    return new HatException(
        HatException.Category.FATAL, "loading " + file, 0, "", "there are no bindings yet");
  }
}

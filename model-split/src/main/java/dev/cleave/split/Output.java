package dev.cleave.split;

import dev.cleave.split.bundle.BundleWriter;
import dev.cleave.split.bundle.Half;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * Where the files of both halves go.
 *
 * @param writer of the bundle
 * @param listener told of progress
 */
record Output(BundleWriter writer, ProgressListener listener) {
  void write(Half half, String name, byte[] bytes) throws IOException {
    Files.write(writer.file(half, name), bytes);
  }

  /** The folder of a half. */
  Path folder(Half half) {
    Path folder = writer.file(half, "any").getParent();
    if (folder == null) {
      throw new IllegalStateException("a bundle's file has a folder");
    }
    return folder;
  }

  /** Takes the bytes of each chunk and tells the listener the sum, which ends at the total. */
  LongConsumer counter(String step, long total) {
    long[] done = {0};
    return bytes -> {
      // What a graph adds to its tensors is not in the total.
      done[0] = Math.min(done[0] + bytes, total);
      listener.progress(new ProgressListener.Progress(step, done[0], total));
    };
  }
}

package dev.cleave.split.hailo;

import dev.cleave.split.bundle.CompiledName;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A compiled model of a bundle.
 *
 * @param name what runs it, and its length
 * @param file where it lies
 * @param graphSha256 of the graph that it was compiled from, which is the bundle's
 */
public record CompiledModel(CompiledName name, Path file, String graphSha256) {
  public CompiledModel {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(graphSha256, "graphSha256");
  }
}

package dev.cleave.edge.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where the doctor looks: a file tree, the settings of this process, and what it may open.
 *
 * @param root what stands for {@code /}; another folder in tests
 * @param settings environment and system properties by name
 * @param opens whether this process may read and write a device node
 */
public record Machine(Path root, Map<String, String> settings, Predicate<Path> opens) {
  /** Files of {@code /sys} and {@code /proc} have no size worth asking for. */
  private static final int MAX_BYTES = 4 << 20;

  public Machine {
    settings = Map.copyOf(settings);
  }

  /** The machine that this process runs on. */
  public static Machine here() {
    Map<String, String> settings = new HashMap<>(System.getenv());
    System.getProperties().stringPropertyNames().forEach(it -> settings.put(it, prop(it)));
    return new Machine(
        Path.of("/"), settings, node -> Files.isReadable(node) && Files.isWritable(node));
  }

  private static String prop(String name) {
    return System.getProperty(name, "");
  }

  /** A setting; empty where it is not set, or to nothing. */
  Optional<String> setting(String name) {
    return Optional.ofNullable(settings.get(name)).filter(it -> !it.isBlank());
  }

  /** {@code /sys/x} under the root. */
  Path path(String absolute) {
    return root.resolve(absolute.substring(1));
  }

  /**
   * The text of a file without the zeros that device trees end with.
   *
   * @return empty where there is no such file
   * @throws UncheckedIOException when it is there and cannot be read
   */
  Optional<String> text(String absolute) {
    try (InputStream in = Files.newInputStream(path(absolute))) {
      String all = new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
      return Optional.of(all.replace("\0", "").strip());
    } catch (NoSuchFileException | NotDirectoryException _) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be read".formatted(absolute), e);
    }
  }

  /** What a folder holds, sorted; nothing where there is no such folder. */
  List<Path> entries(String absolute) {
    try (Stream<Path> entries = Files.list(path(absolute))) {
      return entries.sorted().toList();
    } catch (NoSuchFileException | NotDirectoryException _) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("%s cannot be listed".formatted(absolute), e);
    }
  }

  /** Whether there is such a file or folder. */
  boolean has(String absolute) {
    return Files.exists(path(absolute));
  }

  /** The machine's model, as "Raspberry Pi 5 Model B Rev 1.0"; empty where it does not say. */
  Optional<String> model() {
    return text("/proc/device-tree/model");
  }

  /** Whether its only PCIe slot has one lane. */
  boolean raspberryPi() {
    return model().filter(it -> it.contains("Raspberry Pi")).isPresent();
  }

  /** The Debian name of the processor, as in {@code /usr/lib/aarch64-linux-gnu}. */
  String libraryFolder() {
    String arch = setting("os.arch").orElse("");
    return "/usr/lib/" + (arch.equals("amd64") ? "x86_64" : arch) + "-linux-gnu";
  }
}

package dev.cleave.edge.hat;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where the native libraries are looked for: where a setting says, and nowhere else then; where a
 * system has its own; beside the jars of the distribution; where the build of a checkout puts them.
 * Immutable.
 *
 * @param root what stands for {@code /}; another folder in tests
 * @param settings environment and system properties by name, empty where one is not set
 */
public record HatLibraries(Path root, Function<String, Optional<String>> settings) {
  /** Which of the two. */
  public enum Kind {
    /** Over the vendor's runtime. */
    BOARD("libcleave_hat.so", "CLEAVE_HAT_LIBRARY", "cleave.hat.library"),
    /** Without a board. */
    SIMULATOR("libcleave_hat_sim.so", "CLEAVE_HAT_SIM_LIBRARY", "cleave.hat.sim.library");

    private final String file;
    private final String environment;
    private final String property;

    Kind(String file, String environment, String property) {
      this.file = file;
      this.environment = environment;
      this.property = property;
    }

    /** The file's name. */
    public String file() {
      return file;
    }

    /** The environment variable that names it. */
    public String environment() {
      return environment;
    }
  }

  /** Those of the machine that this process runs on. */
  public static HatLibraries here() {
    return new HatLibraries(
        Path.of("/"), name -> set(System.getenv(name)).or(() -> set(System.getProperty(name))));
  }

  /** The library; empty where none of the places has it. */
  public Optional<Path> find(Kind kind) {
    return places(kind).stream().filter(Files::isRegularFile).findFirst();
  }

  /** The file that a setting names, there or not. */
  public Optional<Path> named(Kind kind) {
    return settings.apply(kind.environment).or(() -> settings.apply(kind.property)).map(Path::of);
  }

  /** Every place that is looked at, in this order. */
  public List<Path> places(Kind kind) {
    Optional<Path> named = named(kind);
    if (named.isPresent()) {
      return List.of(named.get());
    }
    List<Path> places = new ArrayList<>();
    if (kind == Kind.BOARD) {
      places.add(root.resolve("usr/local/lib").resolve(kind.file));
      places.add(root.resolve("usr/lib").resolve(architecture()).resolve(kind.file));
    }
    jars().ifPresent(jars -> places.add(jars.resolveSibling("native").resolve(kind.file)));
    settings
        .apply("cleave.home")
        .ifPresent(home -> places.add(Path.of(home, "native/hat-ffm/target/native", kind.file)));
    return places;
  }

  /** Debian's name of the processor, as aarch64-linux-gnu. */
  public String architecture() {
    String name = settings.apply("os.arch").orElse("").toLowerCase(Locale.ROOT);
    return (name.equals("amd64") ? "x86_64" : name) + "-linux-gnu";
  }

  private static Optional<String> set(@Nullable String value) {
    return Optional.ofNullable(value).filter(text -> !text.isBlank());
  }

  /** The folder of the distribution's jars; empty where classes do not come from a jar. */
  private static Optional<Path> jars() {
    CodeSource source = HatLibraries.class.getProtectionDomain().getCodeSource();
    if (source == null || !source.getLocation().getPath().endsWith(".jar")) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(Path.of(source.getLocation().toURI()).getParent());
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }
}

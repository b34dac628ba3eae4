package dev.cleave.edge.hat;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the native libraries are looked for: where a setting says, and nowhere else then; where a
 * system has its own; beside the jars of the distribution; where the build of a checkout puts them.
 * Stateless.
 */
final class HatLibraries {
  private HatLibraries() {}

  /** Which of the two. */
  enum Kind {
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
    String file() {
      return file;
    }

    /** The environment variable that names it. */
    String environment() {
      return environment;
    }
  }

  /** The library; empty where none of the places has it. */
  static Optional<Path> find(Kind kind) {
    return places(kind).stream().filter(Files::isRegularFile).findFirst();
  }

  /** Every place that is looked at, in this order. */
  static List<Path> places(Kind kind) {
    Optional<String> named =
        setting(System.getenv(kind.environment))
            .or(() -> setting(System.getProperty(kind.property)));
    if (named.isPresent()) {
      return List.of(Path.of(named.get()));
    }
    List<Path> places = new ArrayList<>();
    if (kind == Kind.BOARD) {
      places.add(Path.of("/usr/local/lib", kind.file));
      places.add(Path.of("/usr/lib", architecture(), kind.file));
    }
    jars().ifPresent(jars -> places.add(jars.resolveSibling("native").resolve(kind.file)));
    setting(System.getProperty("cleave.home"))
        .ifPresent(home -> places.add(Path.of(home, "native/hat-ffm/target/native", kind.file)));
    return places;
  }

  private static Optional<String> setting(@Nullable String value) {
    return Optional.ofNullable(value).filter(text -> !text.isBlank());
  }

  private static String architecture() {
    String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return (name.equals("amd64") ? "x86_64" : name) + "-linux-gnu";
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

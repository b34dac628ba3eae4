package dev.cleave.hat;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The library over the vendor's runtime, where there is one; tests are skipped where there is none.
 */
public final class VendorLibrary {
  private VendorLibrary() {}

  /** The file that the environment names, or that build-shim.sh made. */
  public static Path file() {
    Optional<Path> named = Optional.ofNullable(System.getenv("CLEAVE_HAT_LIBRARY")).map(Path::of);
    Path built = Path.of("target/native/libcleave_hat.so");
    assumeThat(named.isPresent() || System.getenv("HAILORT_ROOT") != null)
        .as("the vendor's runtime: neither CLEAVE_HAT_LIBRARY nor HAILORT_ROOT names one")
        .isTrue();
    Path file = named.orElse(built);
    assumeThat(Files.exists(file))
        .as("the shim: %s is not there; build-shim.sh makes it", file)
        .isTrue();
    return file.toAbsolutePath();
  }

  /** A compiled model for the board, which only its owner can have. */
  public static Path model() {
    String named = System.getenv("CLEAVE_HAT_TEST_HEF");
    assumeThat(named).as("a model: CLEAVE_HAT_TEST_HEF names none").isNotNull();
    return Path.of(String.valueOf(named));
  }
}

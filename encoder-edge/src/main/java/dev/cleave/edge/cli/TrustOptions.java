package dev.cleave.edge.cli;

import dev.cleave.split.signing.Trust;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Whose bundles a command opens. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class TrustOptions {
  @Option(
      names = "--trust",
      paramLabel = "PUB",
      description = {
        "Open bundles only that this public key has signed; may be repeated, see cleave keys signing"
            + " (default: the files that CLEAVE_TRUST names, else any bundle that is whole)."
      })
  private List<Path> keys = List.of();

  Trust trust() {
    return Trust.in(keys, System.getenv(Trust.ENVIRONMENT));
  }
}

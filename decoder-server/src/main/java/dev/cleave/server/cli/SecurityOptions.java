package dev.cleave.server.cli;

import dev.cleave.server.security.Security;
import picocli.CommandLine.Option;

/** How the server proves itself, and what it asks of who connects. */
final class SecurityOptions {

  @Option(
      names = "--insecure-plaintext",
      description = "Serve other machines without TLS: whoever is on the way reads all states.")
  private boolean insecurePlaintext;

  Security security() {
    return new Security(insecurePlaintext);
  }
}

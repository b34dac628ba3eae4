package dev.cleave.edge.cli;

import dev.cleave.split.signing.SigningKey;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cleave keys signing}: a pair of keys that vouches for bundles. */
@Command(
    name = "signing",
    description = {
      "Make a pair of Ed25519 keys for bundles: "
          + SigningKey.PRIVATE_FILE
          + " signs, "
          + SigningKey.PUBLIC_FILE,
      "is what devices and servers trust. The private key is not encrypted; its file is its owner's",
      "alone, and whoever reads it signs in the owner's name: keep it where bundles are made, never",
      "where they are served."
    },
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cleave keys signing --out ~/cleave-keys",
      "  cleave split --model models/reference-notes --out notes --sign ~/cleave-keys/signing-key.json",
      "  cleave generate --bundle notes --trust ~/cleave-keys/signing-key.pub.json \"...\""
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class SigningKeysCommand implements Runnable {
  @Spec CommandSpec spec;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Where the two files are put; none is replaced.")
  Path out;

  @Override
  public void run() {
    SigningKey made = SigningKey.generate(out);
    PrintWriter stdout = spec.commandLine().getOut();
    stdout.printf(
        "key %s%n  private, mode 600, not encrypted: %s%n  public, for --trust:              %s%n",
        made.id(), out.resolve(SigningKey.PRIVATE_FILE), out.resolve(SigningKey.PUBLIC_FILE));
    stdout.flush();
  }
}

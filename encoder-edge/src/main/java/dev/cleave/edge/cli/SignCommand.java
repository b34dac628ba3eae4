package dev.cleave.edge.cli;

import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.BundleSigner;
import dev.cleave.split.signing.Signature;
import dev.cleave.split.signing.SigningKey;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cleave sign}: vouches for a bundle that stands. */
@Command(
    name = "sign",
    description = {
      "Sign a bundle that stands: its files are checked by its manifest, and the manifest is signed as",
      "it lies there. Who opens it with --trust then notices every change of any file of it. Signing",
      "vouches for what is there: on a machine where others write, look first: cleave inspect --trust."
    },
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 signed, 1 the bundle is damaged, 2 usage, or a key that cannot be used.",
      "",
      "Examples:",
      "  cleave keys signing --out ~/cleave-keys",
      "  cleave sign --bundle notes --key ~/cleave-keys/signing-key.json",
      "  cleave serve --bundle notes --trust ~/cleave-keys/signing-key.pub.json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class SignCommand implements Runnable {
  @Spec CommandSpec spec;

  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The bundle, with one half or both.")
  Path bundle;

  @Option(
      names = "--key",
      required = true,
      paramLabel = "KEY",
      description = "The private key's file, " + SigningKey.PRIVATE_FILE + ".")
  Path key;

  @Override
  public void run() {
    SigningKey signer = SigningKey.read(key);
    BundleManifest manifest = BundleSigner.sign(bundle, signer);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "%s: signed %s, bundle id %s, with key %s; %s goes wherever bundle.json goes%n",
        bundle, manifest.name(), manifest.id().abbreviated(), signer.id(), Signature.FILE);
    out.flush();
  }
}

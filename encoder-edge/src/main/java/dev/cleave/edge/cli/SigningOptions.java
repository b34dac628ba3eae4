package dev.cleave.edge.cli;

import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleSigner;
import dev.cleave.split.signing.KeyId;
import dev.cleave.split.signing.Signature;
import dev.cleave.split.signing.SigningKey;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who vouches for the bundle that a command writes or renews. */
public final class SigningOptions {
  @Option(
      names = "--sign",
      paramLabel = "KEY",
      description = {
        "Sign the bundle as it is then, see cleave keys signing. Without it a bundle that is renewed"
            + " loses the signature that it had."
      })
  private @Nullable Path key;

  /**
   * What becomes of a signature, decided before the work. Confined to one thread.
   *
   * @param key that signs; empty where none was named
   * @param before who had signed the bundle that stands
   */
  public record Signing(Optional<SigningKey> key, Optional<KeyId> before) {
    /** Signs the bundle that is whole now, or says that its signature is gone. */
    public void end(Path root, PrintWriter err) {
      if (key.isPresent()) {
        BundleSigner.sign(root, key.get());
        err.printf(
            "signed with key %s; %s goes wherever bundle.json goes%n",
            key.get().id(), Signature.FILE);
      } else if (before.isPresent()) {
        err.printf(
            "no longer signed: key %s had signed the bundle as it was; sign it again with: cleave"
                + " sign --bundle %s --key KEY%n",
            before.get(), root);
      }
      err.flush();
    }
  }

  /** Reads the key; {@code root} is written anew. */
  public Signing writing(Path root) {
    return new Signing(
        Optional.ofNullable(key).map(SigningKey::read), Signature.beside(root).map(Signature::key));
  }

  /**
   * Reads the key; {@code root} stands and is renewed. What this key has signed must be as it was
   * then: else the new signature would vouch for somebody else's change.
   */
  public Signing renewing(Path root) {
    Signing signing = writing(root);
    if (signing.key().isPresent() && signing.before().equals(signing.key().map(SigningKey::id))) {
      var _ = Bundle.readManifest(root, signing.key().get().asTrust());
    }
    return signing;
  }
}

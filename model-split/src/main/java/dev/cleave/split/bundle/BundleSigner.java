package dev.cleave.split.bundle;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.signing.Signature;
import dev.cleave.split.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Signs bundles that stand. One call at a time for a bundle. */
public final class BundleSigner {
  static final String TEMPORARY = ".signature-writing.tmp";

  private BundleSigner() {}

  /**
   * Verifies the halves that are here and puts a signature beside the manifest, in one move, in
   * place of one that was there. What it vouches for is every byte of the manifest, and by the
   * hashes therein every byte of both halves.
   *
   * @param root the bundle's folder, with one half at least
   * @return what was signed
   * @throws MalformedBundle when a half is damaged, or none is here; nothing has changed then
   * @throws SplitException when it cannot be written; the bundle is as before
   */
  public static BundleManifest sign(Path root, SigningKey key) {
    byte[] bytes = Bundle.manifestBytes(root);
    BundleManifest manifest = Bundle.readManifest(root);
    boolean any = false;
    for (Half half : Half.values()) {
      if (Files.isDirectory(root.resolve(half.folder()))) {
        Bundle.open(root, half);
        any = true;
      }
    }
    if (!any) {
      throw new MalformedBundle(
          root.toString(), "has no half to vouch for; sign where it is whole");
    }
    if (!Arrays.equals(bytes, Bundle.manifestBytes(root))) {
      throw new MalformedBundle(root.toString(), "changed while it was read; try again");
    }
    Renewal renewal = new Renewal(root, TEMPORARY, TEMPORARY::equals, _ -> {});
    try {
      renewal.replace(Signature.FILE, key.sign(bytes).fileBytes());
    } catch (IOException e) {
      throw new SplitException("sign", root.toString(), "cannot be written: " + e, e);
    }
    return manifest;
  }
}

package dev.cleave.split.signing;

import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.PublicKeySign;
import com.google.crypto.tink.signature.Ed25519PrivateKey;
import com.google.crypto.tink.signature.Ed25519PublicKey;
import com.google.crypto.tink.subtle.Ed25519Sign;
import dev.cleave.split.error.RefusedKey;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.Set;

/**
 * A private Ed25519 key that vouches for bundles. Immutable, thread-safe; never prints the key.
 *
 * <p>On disk it is a keyset of Tink in JSON, in the clear: whoever reads the file signs in its
 * owner's name.
 */
public final class SigningKey {
  /** The file name of the private half. */
  public static final String PRIVATE_FILE = "signing-key.json";

  /** The file name of the public half. */
  public static final String PUBLIC_FILE = "signing-key.pub.json";

  private final PublicKeySign signer;
  private final Ed25519PublicKey publicKey;

  private SigningKey(PublicKeySign signer, Ed25519PublicKey publicKey) {
    this.signer = signer;
    this.publicKey = publicKey;
  }

  /**
   * Makes a pair of keys in a folder, the private one readable by its owner alone.
   *
   * @throws SplitException when one is there already, or the folder cannot be written
   */
  public static SigningKey generate(Path folder) {
    KeysetHandle keys = Keysets.generate();
    Path secret = folder.resolve(PRIVATE_FILE);
    try {
      Files.createDirectories(folder);
      create(folder.resolve(PUBLIC_FILE), Keysets.withoutSecret(keys), "rw-r--r--");
      create(secret, Keysets.withSecret(keys), "rw-------");
    } catch (FileAlreadyExistsException e) {
      throw new SplitException(
          "make keys", folder.toString(), e.getMessage() + " is there already; name another --out");
    } catch (IOException e) {
      throw new SplitException("make keys", folder.toString(), "cannot be written: " + e, e);
    }
    return of(keys, secret);
  }

  private static void create(Path file, String text, String mode) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    FileAttribute<?>[] attributes =
        folder != null && Files.getFileStore(folder).supportsFileAttributeView("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))
            }
            : new FileAttribute<?>[0];
    // The mode comes with the file: there is no moment in which others may read it.
    try (WritableByteChannel channel =
        Files.newByteChannel(
            file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes)) {
      Channels.newOutputStream(channel).write((text + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * The primary key of a keyset.
   *
   * @throws RefusedKey when there is none of the kind, or others may read the file
   */
  public static SigningKey read(Path file) {
    return of(Keysets.readSecret(file), file);
  }

  private static SigningKey of(KeysetHandle keys, Path file) {
    if (!(keys.getPrimary().getKey() instanceof Ed25519PrivateKey key)) {
      throw new RefusedKey(
          file.toString(),
          "its primary key does not sign with Ed25519; name the private half: " + PRIVATE_FILE,
          null);
    }
    Ed25519PublicKey publicKey = Keysets.requirePlain(key.getPublicKey(), file);
    try {
      return new SigningKey(Ed25519Sign.create(key), publicKey);
    } catch (GeneralSecurityException e) {
      throw new RefusedKey(file.toString(), "is no usable Ed25519 key", e);
    }
  }

  /** The name of the public half. */
  public KeyId id() {
    return KeyId.of(publicKey);
  }

  /** Trust in this key alone. */
  public Trust asTrust() {
    return Trust.inKey(publicKey);
  }

  /** Signs a manifest's bytes. */
  public Signature sign(byte[] manifest) {
    try {
      return new Signature(id(), Signature.hexOf(signer.sign(Signature.message(manifest))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("an Ed25519 key that was checked cannot sign", e);
    }
  }
}

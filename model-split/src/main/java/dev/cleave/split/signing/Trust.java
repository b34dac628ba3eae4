package dev.cleave.split.signing;

import com.google.crypto.tink.PublicKeyVerify;
import com.google.crypto.tink.signature.Ed25519PublicKey;
import com.google.crypto.tink.subtle.Ed25519Verify;
import dev.cleave.split.error.RefusedKey;
import dev.cleave.split.error.UntrustedBundle;
import java.io.File;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whose bundles are opened: those that one of some keys has signed, or any. Immutable, thread-safe.
 */
public final class Trust {
  /** Public keys' files, separated as the system separates paths, where no option names any. */
  public static final String ENVIRONMENT = "CLEAVE_TRUST";

  private static final Trust ANYONE = new Trust(Map.of());

  /** By the hex of their names; none is trust in anyone. */
  private final Map<String, PublicKeyVerify> keys;

  private Trust(Map<String, PublicKeyVerify> keys) {
    this.keys = keys;
  }

  /** Any bundle that is whole by its own hashes. */
  public static Trust inAnyone() {
    return ANYONE;
  }

  static Trust inKey(Ed25519PublicKey key) {
    return of(List.of(key), Path.of(SigningKey.PUBLIC_FILE));
  }

  /**
   * Trust in the keys of these files, or of those that the environment names; in anyone where
   * neither names any.
   *
   * @param environment what {@link #ENVIRONMENT} holds; null where it is not set
   * @throws RefusedKey when a file cannot be used, or names were asked for and there are none
   */
  public static Trust in(List<Path> files, @Nullable String environment) {
    if (!files.isEmpty()) {
      return inKeysOf(files);
    }
    return environment == null ? ANYONE : inKeysOf(paths(environment));
  }

  private static Trust inKeysOf(List<Path> files) {
    Map<String, PublicKeyVerify> all = new TreeMap<>();
    for (Path file : files) {
      all.putAll(of(Keysets.readPublic(file), file).keys);
    }
    return new Trust(Map.copyOf(all));
  }

  private static Trust of(List<Ed25519PublicKey> keys, Path file) {
    if (keys.isEmpty()) {
      // No key must not come to mean trust in anyone.
      throw new RefusedKey(file.toString(), "all of its keys are switched off", null);
    }
    Map<String, PublicKeyVerify> verifiers = new TreeMap<>();
    for (Ed25519PublicKey key : keys) {
      try {
        verifiers.put(KeyId.of(key).hex(), Ed25519Verify.create(key));
      } catch (GeneralSecurityException e) {
        throw new RefusedKey(file.toString(), "is no usable Ed25519 key", e);
      }
    }
    return new Trust(verifiers);
  }

  private static List<Path> paths(String environment) {
    List<Path> files = new ArrayList<>();
    for (String name : environment.split(File.pathSeparator, -1)) {
      try {
        if (!name.isBlank()) {
          files.add(Path.of(name));
        }
      } catch (InvalidPathException e) {
        throw new RefusedKey(ENVIRONMENT, "names no file: " + name, e);
      }
    }
    if (files.isEmpty()) {
      throw new RefusedKey(
          ENVIRONMENT, "is set but names no file: name a public key, or unset it", null);
    }
    return files;
  }

  /** Whether a signature is asked for at all. */
  public boolean asksForSignature() {
    return !keys.isEmpty();
  }

  /**
   * Checks the signature beside a manifest; returns without looking where none is asked for.
   *
   * @param root the bundle's folder
   * @param manifest the bytes of its manifest, those that are parsed after this
   * @throws UntrustedBundle naming the keys and the next move
   */
  public void require(Path root, byte[] manifest) {
    if (!asksForSignature()) {
      return;
    }
    Optional<Signature> found = Signature.beside(root);
    if (found.isEmpty()) {
      throw new UntrustedBundle(
          root.toString(),
          "has no %s, and only what %s signed is trusted; copy it from where the bundle was signed, or sign with: cleave sign --bundle %s --key KEY"
              .formatted(Signature.FILE, names(), root));
    }
    Signature signature = found.get();
    PublicKeyVerify key = keys.get(signature.key().hex());
    if (key == null) {
      throw new UntrustedBundle(
          root.toString(),
          "was signed by key %s, and only what %s signed is trusted; name that key's public half with --trust if you trust it"
              .formatted(signature.key(), names()));
    }
    try {
      key.verify(signature.bytes(), Signature.message(manifest));
    } catch (GeneralSecurityException e) {
      throw new UntrustedBundle(
          root.toString(),
          "its bundle.json is not what key %s signed: one of the two was changed or is another bundle's; copy both again, or sign with: cleave sign --bundle %s --key KEY"
              .formatted(signature.key(), root));
    }
  }

  private String names() {
    return keys.keySet().stream()
        .sorted()
        .collect(Collectors.joining(", ", keys.size() == 1 ? "key " : "one of the keys ", ""));
  }
}

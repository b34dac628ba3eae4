package dev.cleave.split.signing;

import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeyStatus;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.signature.Ed25519Parameters;
import com.google.crypto.tink.signature.Ed25519PublicKey;
import com.google.crypto.tink.signature.SignatureConfig2026;
import dev.cleave.split.error.RefusedKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Reads keys from Tink's keysets in JSON. */
final class Keysets {
  private static final int MAX_BYTES = 64 << 10;
  private static final String MAKE_ONE = "; make a pair with: cleave keys signing --out DIR";
  private static final Set<PosixFilePermission> OF_OTHERS =
      EnumSet.range(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_EXECUTE);

  private Keysets() {}

  /** A new pair of keys. */
  static KeysetHandle generate() {
    try {
      return KeysetHandle.generateNew(
          Ed25519Parameters.create(Ed25519Parameters.Variant.NO_PREFIX), SignatureConfig2026.get());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Tink cannot make an Ed25519 key", e);
    }
  }

  static String withSecret(KeysetHandle keys) {
    try {
      return TinkJsonProtoKeysetFormat.serializeKeyset(
          keys, SignatureConfig2026.get(), InsecureSecretKeyAccess.get());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Tink cannot write a key that it made", e);
    }
  }

  static String withoutSecret(KeysetHandle keys) {
    try {
      return TinkJsonProtoKeysetFormat.serializeKeysetWithoutSecret(
          keys.getPublicKeysetHandle(), SignatureConfig2026.get());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Tink cannot write a key that it made", e);
    }
  }

  /**
   * A keyset with the secret, from a file that is its owner's alone.
   *
   * @throws RefusedKey naming the file and what is wrong with it
   */
  static KeysetHandle readSecret(Path file) {
    String json = read(file);
    try {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && Files.getPosixFilePermissions(file).stream().anyMatch(OF_OTHERS::contains)) {
        throw new RefusedKey(
            file.toString(), "others than its owner may use it: chmod 600 " + file, null);
      }
      return TinkJsonProtoKeysetFormat.parseKeyset(
          json, SignatureConfig2026.get(), InsecureSecretKeyAccess.get());
    } catch (GeneralSecurityException | IOException e) {
      // Without the parser's words, which may quote the file.
      throw new RefusedKey(file.toString(), "holds no signing key" + MAKE_ONE, null);
    }
  }

  /**
   * All public keys of a file that are not switched off.
   *
   * @throws RefusedKey naming the file and what is wrong with it
   */
  static List<Ed25519PublicKey> readPublic(Path file) {
    String json = read(file);
    List<Ed25519PublicKey> keys = new ArrayList<>();
    try {
      KeysetHandle keyset =
          TinkJsonProtoKeysetFormat.parseKeysetWithoutSecret(json, SignatureConfig2026.get());
      for (int i = 0; i < keyset.size(); i++) {
        KeysetHandle.Entry entry = keyset.getAt(i);
        if (entry.getStatus() != KeyStatus.ENABLED) {
          continue;
        }
        if (!(entry.getKey() instanceof Ed25519PublicKey key)) {
          throw new RefusedKey(
              file.toString(), "holds a key that is not Ed25519's public one" + MAKE_ONE, null);
        }
        keys.add(requirePlain(key, file));
      }
    } catch (GeneralSecurityException e) {
      throw new RefusedKey(
          file.toString(), "holds no public keys, or secret ones besides" + MAKE_ONE, null);
    }
    return keys;
  }

  /** Signatures of one length, and names that are ours. */
  static Ed25519PublicKey requirePlain(Ed25519PublicKey key, Path file) {
    if (key.getParameters().getVariant() != Ed25519Parameters.Variant.NO_PREFIX) {
      throw new RefusedKey(
          file.toString(), "holds a key whose signatures have a prefix" + MAKE_ONE, null);
    }
    return key;
  }

  private static String read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new RefusedKey(
            file.toString(), "is larger than " + MAX_BYTES + " bytes" + MAKE_ONE, null);
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new RefusedKey(file.toString(), "cannot be read (" + e + ")" + MAKE_ONE, e);
    }
  }
}

package dev.cleave.split.signing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.RefusedKey;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.error.UntrustedBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SigningKeyTest {
  private static final byte[] MANIFEST = "{\"format\": 1}\n".getBytes(UTF_8);

  @TempDir Path folder;

  private Path secret(String name) {
    return folder.resolve(name).resolve(SigningKey.PRIVATE_FILE);
  }

  private Path shown(String name) {
    return folder.resolve(name).resolve(SigningKey.PUBLIC_FILE);
  }

  @Test
  void makesAPairWhosePrivateHalfIsItsOwnersAlone() throws IOException {
    SigningKey made = SigningKey.generate(folder.resolve("keys"));
    SigningKey read = SigningKey.read(secret("keys"));
    assertThat(read.id()).isEqualTo(made.id());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret("keys"))))
        .isEqualTo("rw-------");
    assertThat(Files.readString(shown("keys"))).contains("Ed25519PublicKey");
    // Ed25519 is deterministic: the pair on disk is the pair in memory.
    assertThat(read.sign(MANIFEST)).isEqualTo(made.sign(MANIFEST));
    assertThatThrownBy(() -> SigningKey.generate(folder.resolve("keys")))
        .isInstanceOf(SplitException.class)
        .hasMessageContaining("is there already");
    assertThat(SigningKey.read(secret("keys")).id()).isEqualTo(made.id());
  }

  @Test
  void trustsWhatOneOfItsKeysSignedAndNothingElse() throws IOException {
    SigningKey old = SigningKey.generate(folder.resolve("old"));
    SigningKey fresh = SigningKey.generate(folder.resolve("new"));
    Trust both = Trust.in(List.of(shown("old"), shown("new")), null);
    for (SigningKey key : List.of(old, fresh)) {
      Files.write(folder.resolve(Signature.FILE), key.sign(MANIFEST).fileBytes());
      both.require(folder, MANIFEST);
    }
    assertThatThrownBy(() -> Trust.in(List.of(shown("old")), null).require(folder, MANIFEST))
        .isInstanceOf(UntrustedBundle.class)
        .hasMessageContaining("was signed by key " + fresh.id())
        .hasMessageContaining("only what key " + old.id());
    Files.delete(folder.resolve(Signature.FILE));
    assertThatThrownBy(() -> both.require(folder, MANIFEST))
        .hasMessageContaining("has no bundle.sig")
        .hasMessageContaining(old.id().hex())
        .hasMessageContaining(fresh.id().hex())
        .hasMessageContaining("cleave sign");
    Trust.inAnyone().require(folder, MANIFEST);
  }

  /** What a key signed elsewhere, or without saying what for, is no signature of a manifest. */
  @Test
  void signsForManifestsAlone() throws IOException {
    SigningKey key = SigningKey.generate(folder.resolve("keys"));
    byte[] other = Signature.message(MANIFEST);
    Files.write(folder.resolve(Signature.FILE), key.sign(MANIFEST).fileBytes());
    assertThatThrownBy(() -> key.asTrust().require(folder, other))
        .isInstanceOf(UntrustedBundle.class);
    assertThat(new String(other, UTF_8)).startsWith("dev.cleave/bundle-manifest/v1\n{");
  }

  @Test
  void takesTrustFromTheEnvironmentWhereNoOptionNamesAny() {
    SigningKey.generate(folder.resolve("one"));
    SigningKey.generate(folder.resolve("two"));
    assertThat(Trust.in(List.of(), null).asksForSignature()).isFalse();
    assertThat(Trust.in(List.of(), shown("one") + ":" + shown("two")).asksForSignature()).isTrue();
    // An option takes the environment's place: what that names need not even be there.
    assertThat(Trust.in(List.of(shown("one")), "gone").asksForSignature()).isTrue();
    for (String nothing : List.of("", " ", ":")) {
      assertThatThrownBy(() -> Trust.in(List.of(), nothing))
          .isInstanceOf(RefusedKey.class)
          .hasMessageContaining("CLEAVE_TRUST")
          .hasMessageContaining("names no file");
    }
  }

  @Test
  void refusesFilesThatHoldNoKeyOfTheKind() throws IOException {
    SigningKey.generate(folder.resolve("keys"));
    Path none = folder.resolve("none.json");
    Path empty = Files.writeString(folder.resolve("empty.json"), "");
    Path large = Files.write(folder.resolve("large.json"), new byte[100_000]);
    // A keyset whose only key is switched off must not come to mean trust in anyone.
    Path off =
        Files.writeString(
            folder.resolve("off.json"),
            Files.readString(shown("keys")).replace("ENABLED", "DISABLED"));
    for (Path file : List.of(none, empty, large, off, secret("keys"))) {
      assertThatThrownBy(() -> Trust.in(List.of(file), null))
          .as(file.toString())
          .isInstanceOf(RefusedKey.class)
          .hasMessageContaining(file.toString())
          .hasMessageNotContaining("\"value\"");
    }
    // A public key as TINK writes it by default puts a prefix before its signatures.
    Path prefixed =
        Files.writeString(
            folder.resolve("prefixed.json"),
            Files.readString(shown("keys")).replace("\"RAW\"", "\"TINK\""));
    assertThatThrownBy(() -> Trust.in(List.of(prefixed), null))
        .isInstanceOf(RefusedKey.class)
        .hasMessageContaining("prefix");

    Files.setPosixFilePermissions(secret("keys"), PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> SigningKey.read(secret("keys")))
        .isInstanceOf(RefusedKey.class)
        .hasMessageContaining("chmod 600");
    for (Path file : List.of(none, empty, large)) {
      assertThatThrownBy(() -> SigningKey.read(file)).isInstanceOf(RefusedKey.class);
    }
    Files.setPosixFilePermissions(shown("keys"), PosixFilePermissions.fromString("rw-------"));
    assertThatThrownBy(() -> SigningKey.read(shown("keys")))
        .isInstanceOf(RefusedKey.class)
        .hasMessageContaining("signing-key.json");
  }

  @Test
  void readsASignatureInOneFormOnly() throws IOException {
    SigningKey key = SigningKey.generate(folder.resolve("keys"));
    Signature signature = key.sign(MANIFEST);
    byte[] good = signature.fileBytes();
    Path file = folder.resolve(Signature.FILE);
    Files.write(file, good);
    assertThat(good).hasSize(Signature.FILE_BYTES);
    assertThat(Signature.beside(folder)).contains(signature);
    String text = new String(good, UTF_8);
    for (String wrong :
        List.of(
            "",
            text.strip(),
            text + "\n",
            text.replace(" 1 ", " 2 "),
            text.replace(key.id().hex(), key.id().hex().toUpperCase(java.util.Locale.ROOT) + ""),
            text.replace(" ", "  "),
            text.repeat(2),
            "x".repeat(1 << 20))) {
      Files.writeString(file, wrong);
      if (wrong.equals(text)) {
        continue; // an id of digits alone has no upper case
      }
      assertThatThrownBy(() -> Signature.beside(folder))
          .isInstanceOf(UntrustedBundle.class)
          .hasMessageContaining("is no signature of this release");
    }
  }
}

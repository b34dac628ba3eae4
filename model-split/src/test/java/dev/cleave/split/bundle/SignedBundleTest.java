package dev.cleave.split.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.split.error.MalformedBundle;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.error.UntrustedBundle;
import dev.cleave.split.signing.Signature;
import dev.cleave.split.signing.SigningKey;
import dev.cleave.split.signing.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignedBundleTest {
  @TempDir Path folder;
  private Path root;
  private SigningKey key;
  private Trust trust;

  @BeforeEach
  void makeSignedBundle() throws IOException {
    root = folder.resolve("bundle");
    key = SigningKey.generate(folder.resolve("keys"));
    trust = key.asTrust();
    write(root, "weights");
    BundleSigner.sign(root, key);
  }

  private static void write(Path to, String content) throws IOException {
    try (BundleWriter writer = BundleWriter.open(to, true)) {
      Files.createDirectory(writer.file(Half.DEVICE, "hailo"));
      Files.writeString(writer.file(Half.DEVICE, "encoder.onnx"), content);
      Files.writeString(writer.file(Half.DEVICE, "hailo/encoder-8.onnx"), content);
      Files.writeString(writer.file(Half.DEVICE, "tokenizer.json"), "{}");
      Files.writeString(writer.file(Half.SERVER, "decoder.json"), "{" + content + "}");
      writer.finish(
          new BundleManifest.Model(
              "tiny", "t5", new BundleManifest.Parameters(7, 9), "test", List.of()),
          new BundleManifest.Boundary(new SplitPoint.EncoderDecoder(), 64),
          new BundleManifest.Limits(512, 128));
    }
  }

  private void opens() {
    for (Half half : Half.values()) {
      assertThat(Bundle.open(root, half, trust).half()).isEqualTo(half);
    }
  }

  private void refused(Half half) {
    assertThatThrownBy(() -> Bundle.open(root, half, trust))
        .isInstanceOfAny(UntrustedBundle.class, MalformedBundle.class);
  }

  private void notWhatWasSigned(Half half, Path file) {
    assertThatThrownBy(() -> Bundle.open(root, half, trust))
        .isInstanceOf(UntrustedBundle.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("copy the bundle again");
    assertThatThrownBy(() -> Bundle.open(root, half)).isInstanceOf(MalformedBundle.class);
  }

  @Test
  void eachHalfOpensWithManifestAndSignatureAlone() throws IOException {
    opens();
    Path device = Files.createDirectory(folder.resolve("device-alone"));
    for (String name : List.of(Bundle.MANIFEST, Signature.FILE)) {
      Files.copy(root.resolve(name), device.resolve(name));
    }
    Files.move(root.resolve("device"), device.resolve("device"));
    assertThat(Bundle.open(device, Half.DEVICE, trust).file("encoder.onnx")).hasContent("weights");
    assertThat(Bundle.open(root, Half.SERVER, trust).id())
        .isEqualTo(Bundle.readManifest(device, trust).id());
  }

  @Test
  void everyByteOfManifestAndSignatureCounts() throws IOException {
    for (String name : List.of(Bundle.MANIFEST, Signature.FILE)) {
      Path file = root.resolve(name);
      byte[] good = Files.readAllBytes(file);
      for (int i = 0; i < good.length; i++) {
        byte[] bad = good.clone();
        bad[i] ^= (byte) (1 << (i % 8));
        Files.write(file, bad);
        // Not MalformedBundle: nothing of what was changed is parsed.
        assertThatThrownBy(() -> Bundle.readManifest(root, trust))
            .as("%s, byte %d", name, i)
            .isInstanceOf(UntrustedBundle.class);
      }
      for (int length = 0; length < good.length; length += 31) {
        Files.write(file, java.util.Arrays.copyOf(good, length));
        assertThatThrownBy(() -> Bundle.readManifest(root, trust))
            .as("%s, cut to %d", name, length)
            .isInstanceOf(UntrustedBundle.class);
      }
      Files.write(file, good);
      opens();
    }
  }

  /** Such a change leaves the bundle's own id as it is: the signature alone notices. */
  @Test
  void whiteSpaceInTheManifestIsAChange() throws IOException {
    Path manifest = root.resolve(Bundle.MANIFEST);
    Files.writeString(manifest, Files.readString(manifest) + "\n");
    assertThat(Bundle.open(root, Half.DEVICE).half()).isEqualTo(Half.DEVICE);
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE, trust))
        .isInstanceOf(UntrustedBundle.class)
        .hasMessageContaining("is not what key " + key.id() + " signed")
        .hasMessageContaining("cleave sign --bundle " + root);
  }

  @Test
  void oneByteOfAnyFileIsRefused() throws IOException {
    for (BundleFile named : Bundle.readManifest(root).files()) {
      Path file = root.resolve(named.path());
      byte[] good = Files.readAllBytes(file);
      for (int i = 0; i < good.length; i++) {
        byte[] bad = good.clone();
        bad[i] ^= 1;
        Files.write(file, bad);
        notWhatWasSigned(named.half(), file);
      }
      Files.write(file, java.util.Arrays.copyOf(good, good.length + 1));
      notWhatWasSigned(named.half(), file);
      Files.delete(file);
      notWhatWasSigned(named.half(), file);
      Files.write(file, good);
      opens();
    }
  }

  @Test
  void aFileThatTheManifestDoesNotNameIsRefused() throws IOException {
    for (String added :
        List.of(
            "device/model.pt",
            "device/hailo/x.hef",
            "server/decoder.pkl",
            "server/deeper/x",
            "server/.hidden")) {
      Path file = root.resolve(added);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "x");
      Half half = added.startsWith("device") ? Half.DEVICE : Half.SERVER;
      assertThatThrownBy(() -> Bundle.open(root, half, trust))
          .isInstanceOf(UntrustedBundle.class)
          .hasMessageContaining("is not named by the signed manifest; remove it");
      Files.delete(file);
      if (added.contains("deeper")) {
        // A folder as well, and a link to one.
        refused(half);
        Files.delete(file.getParent());
        Files.createSymbolicLink(file.getParent(), folder);
        refused(half);
        Files.delete(file.getParent());
      }
    }
    opens();
  }

  @Test
  void halvesOfTwoBundlesOfOneKeyDoNotMix() throws IOException {
    Path other = folder.resolve("other");
    write(other, "Weights");
    BundleSigner.sign(other, key);
    Path kept = Files.move(root.resolve("server"), folder.resolve("kept"));
    Files.move(other.resolve("server"), root.resolve("server"));
    refused(Half.SERVER);
    Files.move(root.resolve("server"), other.resolve("server"));
    Files.move(kept, root.resolve("server"));
    for (String name : List.of(Bundle.MANIFEST, Signature.FILE)) {
      byte[] good = Files.readAllBytes(root.resolve(name));
      Files.write(root.resolve(name), Files.readAllBytes(other.resolve(name)));
      refused(Half.DEVICE);
      Files.write(root.resolve(name), good);
    }
    opens();
    assertThat(Bundle.open(other, Half.SERVER, trust).id())
        .isNotEqualTo(Bundle.readManifest(root).id());
  }

  @Test
  void aRenewalTakesTheStaleSignatureAway() throws IOException {
    CompiledWriter.write(root, List.of());
    assertThat(root.resolve(Signature.FILE)).doesNotExist();
    assertThatThrownBy(() -> Bundle.open(root, Half.DEVICE, trust))
        .isInstanceOf(UntrustedBundle.class)
        .hasMessageContaining("has no bundle.sig");
    BundleSigner.sign(root, key);
    opens();
  }

  /** Wherever a renewal ends before its time, what is trusted is whole. */
  @Test
  void aCrashedRenewalLeavesNothingThatIsSignedAndChanged() throws IOException {
    for (int allowed = 0; allowed < 4; allowed++) {
      BundleSigner.sign(root, key);
      int[] left = {allowed};
      try {
        CompiledWriter.write(
            root,
            List.of(),
            changed -> {
              if (left[0]-- == 0) {
                throw new IOException("crashed");
              }
            });
      } catch (SplitException e) {
        assertThat(e).hasMessageContaining("crashed");
      }
      assertThat(root.resolve(Signature.FILE)).doesNotExist();
      assertThat(Bundle.open(root, Half.DEVICE).half()).isEqualTo(Half.DEVICE);
      refused(Half.DEVICE);
      CompiledWriter.write(root, List.of());
    }
  }

  @Test
  void signsNothingThatIsDamagedAndReplacesASignatureInOneMove() throws IOException {
    SigningKey second = SigningKey.generate(folder.resolve("second"));
    BundleSigner.sign(root, second);
    assertThat(Signature.beside(root).orElseThrow().key()).isEqualTo(second.id());
    Files.writeString(root.resolve("server/decoder.json"), "{}");
    byte[] before = Files.readAllBytes(root.resolve(Signature.FILE));
    assertThatThrownBy(() -> BundleSigner.sign(root, key)).isInstanceOf(MalformedBundle.class);
    assertThat(root.resolve(Signature.FILE)).hasBinaryContent(before);
    Files.delete(root.resolve("server/decoder.json"));
    Files.delete(root.resolve("server"));
    BundleSigner.sign(root, key);
    assertThat(Bundle.open(root, Half.DEVICE, trust).half()).isEqualTo(Half.DEVICE);
    try (Stream<Path> device = Files.walk(root.resolve("device"))) {
      for (Path entry :
          (Iterable<Path>) device.sorted(java.util.Comparator.reverseOrder())::iterator) {
        Files.delete(entry);
      }
    }
    assertThatThrownBy(() -> BundleSigner.sign(root, key))
        .isInstanceOf(MalformedBundle.class)
        .hasMessageContaining("no half to vouch for");
  }

  @Test
  void aSignedBundleIsReplacedLikeAnyOther() throws IOException {
    write(root, "new");
    assertThat(root.resolve(Signature.FILE)).doesNotExist();
    assertThat(Bundle.open(root, Half.DEVICE).file("encoder.onnx")).hasContent("new");
  }
}

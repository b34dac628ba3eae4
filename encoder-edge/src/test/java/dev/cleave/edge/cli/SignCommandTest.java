package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.signing.SigningKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SignCommandTest {
  private static final Path FIXTURES = Path.of("../e2e/src/test/resources/fixtures");

  @TempDir Path folder;
  private Path bundle;
  private Path key;
  private Path shown;
  private String id;

  /** What a run left on its two streams. */
  private record Run(int code, String out, String err) {
    static Run of(Object... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
      int code = Main.run(texts, new PrintWriter(out), new PrintWriter(err));
      return new Run(code, out.toString(), err.toString());
    }
  }

  @BeforeEach
  void splitSigned() {
    bundle = folder.resolve("bundle");
    key = folder.resolve("keys").resolve(SigningKey.PRIVATE_FILE);
    shown = folder.resolve("keys").resolve(SigningKey.PUBLIC_FILE);
    id = SigningKey.generate(folder.resolve("keys")).id().hex();
    Run split =
        Run.of(
            "split",
            "--model",
            FIXTURES.resolve("bart"),
            "--out",
            bundle,
            "--hailo",
            "8",
            "--sign",
            key);
    assertThat(split.code()).as(split.err()).isZero();
    assertThat(split.err()).contains("signed with key " + id, "bundle.sig").hasLineCount(1);
  }

  @Test
  void makesKeysAndSaysWhichIsWhich() {
    Path made = folder.resolve("made");
    Run keys = Run.of("keys", "signing", "--out", made);
    assertThat(keys.code()).as(keys.err()).isZero();
    assertThat(keys.out())
        .contains(
            SigningKey.read(made.resolve("signing-key.json")).id().hex(),
            "mode 600, not encrypted: " + made.resolve("signing-key.json"),
            made.resolve("signing-key.pub.json").toString());
  }

  @Test
  void inspectShowsWhoSigned() throws IOException {
    assertThat(Run.of("inspect", bundle).out()).contains("signed      with key " + id + " by its");
    Run trusted = Run.of("inspect", bundle, "--trust", shown);
    assertThat(trusted.code()).isZero();
    assertThat(trusted.out()).contains("signed      with key " + id + ", which is trusted");
    JsonNode json =
        Json.MAPPER.readTree(Run.of("inspect", bundle, "--json", "--trust", shown).out());
    assertThat(json.path("signature").toString())
        .isEqualTo("{\"key\":\"" + id + "\",\"verified\":true}");
    Files.delete(bundle.resolve("bundle.sig"));
    assertThat(Run.of("inspect", bundle).out()).contains("signed      no");
    json = Json.MAPPER.readTree(Run.of("inspect", bundle, "--json").out());
    assertThat(json.get("signature")).isEqualTo(Json.MAPPER.nullNode());
  }

  /** No server runs: what is refused is refused before anything is sent or loaded. */
  @Test
  void everyCommandRefusesWhatIsNotTrustedWithCodeTwo() throws IOException {
    String other = SigningKey.generate(folder.resolve("other")).id().hex();
    Path strange = folder.resolve("other").resolve(SigningKey.PUBLIC_FILE);
    Object[][] commands = {
      {"inspect", bundle, "--trust", strange},
      {"generate", "--bundle", bundle, "--server", "127.0.0.1:1", "--trust", strange, "text"},
      {"chat", "--bundle", bundle, "--server", "127.0.0.1:1", "--trust", strange},
    };
    for (Object[] command : commands) {
      Run run = Run.of(command);
      assertThat(run.code()).as(run.err()).isEqualTo(2);
      assertThat(run.err()).contains(id, other, "--trust").hasLineCount(1);
      assertThat(run.out()).isEmpty();
    }
    // Rotation: either key will do.
    assertThat(Run.of("inspect", bundle, "--trust", strange, "--trust", shown).code()).isZero();

    Run noKey = Run.of("inspect", bundle, "--trust", folder.resolve("none"));
    assertThat(noKey.code()).isEqualTo(2);
    assertThat(noKey.err()).contains("cleave keys signing").hasLineCount(1);

    Files.writeString(bundle.resolve("bundle.json"), " ", StandardOpenOption.APPEND);
    Run changed =
        Run.of(
            "generate",
            "--bundle",
            bundle,
            "--server",
            "127.0.0.1:1",
            "--trust",
            shown,
            "--verbose",
            "text");
    assertThat(changed.code()).isEqualTo(2);
    assertThat(changed.err()).contains("is not what key " + id + " signed");
    Files.delete(bundle.resolve("bundle.sig"));
    Run unsigned = Run.of("inspect", bundle, "--trust", shown);
    assertThat(unsigned.code()).isEqualTo(2);
    assertThat(unsigned.err()).contains("has no bundle.sig", "cleave sign");
  }

  @Test
  void aRenewalSignsAgainOrSaysThatTheSignatureIsGone() throws IOException {
    Path hef = Files.write(folder.resolve("encoder-8.hef"), new byte[] {1, 'H', 'E', 'F', 0});
    String graph =
        Bundle.readManifest(bundle).files().stream()
            .filter(file -> file.path().equals("device/hailo/encoder-8.onnx"))
            .map(BundleFile::sha256)
            .findAny()
            .orElseThrow();
    Files.writeString(folder.resolve("encoder-8.hef.from"), graph + "  encoder-8.onnx\n");
    Run again = Run.of("split", "--bundle", bundle, "--hef", hef, "--sign", key);
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.err()).contains("signed with key " + id);
    assertThat(Run.of("inspect", bundle, "--trust", shown).code()).isZero();

    Run without = Run.of("split", "--bundle", bundle, "--hef", hef);
    assertThat(without.code()).isZero();
    assertThat(without.err())
        .contains("no longer signed: key " + id, "cleave sign --bundle " + bundle);
    assertThat(Run.of("inspect", bundle).out()).contains("signed      no");

    Run sign = Run.of("sign", "--bundle", bundle, "--key", key);
    assertThat(sign.code()).as(sign.err()).isZero();
    assertThat(sign.out()).contains("signed", id, "bundle.sig");
    assertThat(Run.of("inspect", bundle, "--trust", shown).code()).isZero();

    // What was changed behind the key's back does not get its signature by being renewed.
    Files.writeString(bundle.resolve("bundle.json"), " ", StandardOpenOption.APPEND);
    Run laundering = Run.of("split", "--bundle", bundle, "--hef", hef, "--sign", key);
    assertThat(laundering.code()).isEqualTo(2);
    assertThat(laundering.err()).contains("is not what key " + id + " signed");

    Run forced = Run.of("split", "--model", FIXTURES.resolve("bart"), "--out", bundle, "--force");
    assertThat(forced.code()).isZero();
    assertThat(forced.err()).contains("no longer signed");
    assertThat(bundle.resolve("bundle.sig")).doesNotExist();
  }

  @Test
  void aKeyThatCannotBeUsedIsFoundOutBeforeTheWork() {
    Path out = folder.resolve("never");
    Run split = Run.of("split", "--model", FIXTURES.resolve("bart"), "--out", out, "--sign", shown);
    assertThat(split.code()).isEqualTo(2);
    assertThat(split.err()).contains(shown.toString()).hasLineCount(1);
    assertThat(out).doesNotExist();
    Run compile = Run.of("hat", "compile", "--bundle", bundle, "--sign", shown);
    assertThat(compile.code()).isEqualTo(2);
  }
}

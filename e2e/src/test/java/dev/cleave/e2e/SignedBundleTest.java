package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A signed bundle from its split to an answer, through processes, and one byte of it changed. */
class SignedBundleTest {
  @TempDir Path work;

  private record Ended(int status, String output) {}

  @Test
  void answersWhileSignedAndIsRefusedByBothSidesOnceChanged() throws Exception {
    Path bundle = work.resolve("bundle");
    Path key = work.resolve("keys").resolve(SigningKey.PRIVATE_FILE);
    String trust = work.resolve("keys").resolve(SigningKey.PUBLIC_FILE).toString();
    String id = SigningKey.generate(work.resolve("keys")).id().hex();
    Ended split =
        edge(
            "split",
            "--model",
            ServerProcess.HOME.resolve("models/reference-notes").toString(),
            "--out",
            bundle.toString(),
            "--sign",
            key.toString());
    assertThat(split.status()).as(split.output()).isZero();
    assertThat(split.output()).contains("signed with key " + id);

    String note = Bundles.samples().getFirst().note();
    try (ServerProcess server = ServerProcess.start(bundle, "--trust", trust)) {
      Ended answer = edge(generate(bundle, server.address(), trust, note));
      assertThat(answer.status()).as(answer.output()).isZero();
      assertThat(answer.output()).contains("reason:");

      Path changed = change(bundle, Half.DEVICE);
      Ended refused = edge(generate(bundle, server.address(), trust, note));
      assertThat(refused.status()).as(refused.output()).isEqualTo(2);
      assertThat(refused.output())
          .contains(changed.toString(), "sha-256", "copy the bundle again")
          .doesNotContain("reason:");
    }
    Path manifest = bundle.resolve(Bundle.MANIFEST);
    byte[] good = Files.readAllBytes(manifest);
    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(manifest, bad);
    for (Ended refused :
        List.of(
            edge(generate(bundle, "127.0.0.1:1", trust, note)), serve(bundle, "--trust", trust))) {
      assertThat(refused.status()).as(refused.output()).isEqualTo(2);
      assertThat(refused.output())
          .contains("is not what key " + id + " signed", "cleave sign")
          .doesNotContain("ready");
    }
    Files.write(manifest, good);
    Path changed = change(bundle, Half.SERVER);
    Ended refused = serve(bundle, "--trust", trust);
    assertThat(refused.status()).as(refused.output()).isEqualTo(2);
    assertThat(refused.output())
        .contains(changed.toString(), "sha-256", "copy the bundle again")
        .doesNotContain("ready");
  }

  private static Path change(Path bundle, Half half) throws IOException {
    List<BundleFile> files = Bundle.readManifest(bundle).files(half);
    Path last = bundle.resolve(files.getLast().path());
    byte[] bytes = Files.readAllBytes(last);
    bytes[bytes.length / 2] ^= 1;
    Files.write(last, bytes);
    return last;
  }

  private static String[] generate(Path bundle, String server, String trust, String note) {
    return new String[] {
      "generate", "--bundle", bundle.toString(), "--server", server, "--trust", trust, note
    };
  }

  private Ended edge(String... arguments) throws IOException, InterruptedException {
    return run(ServerProcess.command("encoder-edge", "dev.cleave.edge.cli.Main", arguments));
  }

  private Ended serve(Path bundle, String... arguments) throws IOException, InterruptedException {
    List<String> command =
        ServerProcess.command(
            "decoder-server",
            "dev.cleave.server.cli.ServeMain",
            "--bundle",
            bundle.toString(),
            "--port",
            "0");
    command.addAll(List.of(arguments));
    return run(command);
  }

  private Ended run(List<String> command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(work, "output", "");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    return new Ended(process.exitValue(), Files.readString(output));
  }
}

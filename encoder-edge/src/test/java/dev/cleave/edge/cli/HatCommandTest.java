package dev.cleave.edge.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cleave.edge.text.Fixtures;
import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.hailo.CompiledModels;
import dev.cleave.split.hailo.HailoBuckets;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HatCommandTest {
  @TempDir Path folder;
  private Path bundle = Path.of("");

  @BeforeEach
  void split() {
    bundle = folder.resolve("bundle");
    SplitCompiler.split(
        Fixtures.file("bart", ""),
        bundle,
        SplitOptions.defaults().withHailo(HailoBuckets.parse("8,16")),
        ProgressListener.NONE);
  }

  /** What a run left on its two streams. */
  private record Run(int code, String out, String err) {
    static Run of(Object... arguments) {
      StringWriter out = new StringWriter();
      StringWriter err = new StringWriter();
      String[] texts = new String[arguments.length];
      for (int i = 0; i < texts.length; i++) {
        texts[i] = arguments[i].toString();
      }
      int code = Main.run(texts, new PrintWriter(out), new PrintWriter(err));
      return new Run(code, out.toString(), err.toString());
    }
  }

  @Test
  void compilesForTheSimulator() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "one line\n\nand another one\n");
    Run run = Run.of("hat", "compile", "--bundle", bundle, "--text", text, "--weights", "16");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("[8, 16]", "16-bit weights", "2 texts", "bundle.json");
    Bundle device = Bundle.open(bundle, Half.DEVICE);
    assertThat(CompiledModels.of(device, CompiledName.Kind.SIM)).hasSize(2);
    assertThat(Run.of("inspect", bundle).out())
        .contains("compiled for its simulator, 16 positions");
  }

  @Test
  void writesSamplesForTheCompilerOfTheBoard() throws IOException {
    Path text = Files.writeString(folder.resolve("t.jsonl"), "{\"note\": \"one\"}\n".repeat(3));
    Path out = folder.resolve("samples");
    Run run = Run.of("hat", "samples", "--bundle", bundle, "--text", text, "--out", out);
    assertThat(run.code()).as(run.err()).isZero();
    int width = Bundle.readManifest(bundle).width();
    shape(out.resolve("embeddings-16.npy"), "(3, 1, 16, " + width + ")", 3 * 16 * width);
    shape(out.resolve("mask-8.npy"), "(3, 1, 1, 8)", 3 * 8);
  }

  private static void shape(Path file, String shape, int elements) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = 10 + bytes.getShort(8);
    assertThat(header % 64).isZero();
    assertThat(bytes.capacity()).isEqualTo(header + 4 * elements);
    String text = StandardCharsets.US_ASCII.decode(bytes.slice(10, header - 10)).toString();
    assertThat(text).contains("'shape': " + shape, "'<f4'").endsWith("\n");
    // The first position of any text is a token, the last of so short a text is padding.
    if (file.toString().contains("mask")) {
      assertThat(bytes.getFloat(header)).isZero();
      assertThat(bytes.getFloat(header + 7 * Float.BYTES)).isEqualTo(-300f);
    }
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    Run none = Run.of("hat", "compile", "--bundle", bundle);
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("--text FILE");
    Path empty = Files.writeString(folder.resolve("empty"), "\n");
    Run nothing = Run.of("hat", "compile", "--bundle", bundle, "--text", empty);
    assertThat(nothing.code()).isEqualTo(2);
    assertThat(nothing.err()).contains("no text");
    assertThat(Run.of("hat").err()).contains("compile or samples");
    assertThat(Run.of("hat", "compile", "--bundle", bundle, "--weights", "4").code()).isEqualTo(2);
  }
}

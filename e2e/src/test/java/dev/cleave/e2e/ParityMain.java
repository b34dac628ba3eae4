package dev.cleave.e2e;

import dev.cleave.split.ProgressListener;
import dev.cleave.split.SplitCompiler;
import dev.cleave.split.SplitOptions;
import dev.cleave.split.checkpoint.Weights;
import dev.cleave.split.error.SplitException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The parity suite on every checkpoint folder below the one that is given, one line each. Exits
 * with 1 on any mismatch, with 0 when all match or are refused by name.
 */
public final class ParityMain {
  private static final int DEPTH = 6;

  private ParityMain() {}

  /** Takes one folder. */
  public static void main(String[] arguments) throws IOException {
    System.exit(run(Path.of(arguments[0]), System.out) ? 0 : 1);
  }

  static boolean run(Path root, PrintStream out) throws IOException {
    List<Path> folders = checkpoints(root);
    if (folders.isEmpty()) {
      out.println("no config.json below " + root + ": nothing was checked");
      return false;
    }
    int width = folders.stream().mapToInt(folder -> name(root, folder).length()).max().orElse(0);
    int matched = 0;
    int refused = 0;
    for (Path folder : folders) {
      out.printf("%-" + width + "s  ", name(root, folder));
      out.flush();
      Path work = Files.createTempDirectory("cleave-parity");
      try {
        boolean causal = Files.exists(folder.resolve("expected.json")) && isCausal(folder);
        boolean matches = causal ? causal(folder, work, out) : encoderDecoder(folder, work, out);
        matched += matches ? 1 : 0;
      } catch (SplitException e) {
        refused++;
        out.println("refused: " + e.subject() + ": " + e.detail());
      } catch (IOException | RuntimeException e) {
        out.println("MISMATCH: " + e);
      } finally {
        ServerProcess.deleteFolder(work);
      }
    }
    int mismatched = folders.size() - matched - refused;
    out.printf(
        "%d matched, %d refused, %d mismatched (tolerance %.0e of the largest expected value, where no"
            + " other is said)%n",
        matched, refused, mismatched, Parity.TOLERANCE);
    return mismatched == 0;
  }

  private static boolean encoderDecoder(Path folder, Path work, PrintStream out)
      throws IOException {
    Path bundle = work.resolve("bundle");
    SplitCompiler.split(folder, bundle, SplitOptions.defaults(), ProgressListener.NONE);
    Parity.Result result = Parity.check(bundle, Oracle.read(folder));
    out.println("seq2seq  split encoder|decoder  " + result);
    return result.matches();
  }

  /** Cut after every number of layers; one line, with the worst of all cuts. */
  private static boolean causal(Path folder, Path work, PrintStream out) throws IOException {
    CausalOracle oracle = CausalOracle.read(folder);
    int layers = oracle.layers();
    Parity.Result worst = null;
    for (int at = 1; at < layers; at++) {
      Path bundle = work.resolve("k" + at);
      SplitOptions options = SplitOptions.defaults().withAt(at);
      SplitCompiler.split(folder, bundle, options, ProgressListener.NONE);
      Parity.Result result = CausalParity.check(bundle, oracle);
      worst = worst == null ? result : worst.worse(result);
      ServerProcess.deleteFolder(bundle);
    }
    if (worst == null) {
      throw new IOException("a model of " + layers + " layers cannot be cut");
    }
    String cuts = layers == 2 ? "at 1" : "at 1 to " + (layers - 1);
    out.printf("%-31s%s%n", "causal   split " + cuts, worst);
    return worst.matches();
  }

  private static boolean isCausal(Path folder) throws IOException {
    try (Weights expected = Weights.openFile(folder.resolve("expected.safetensors"))) {
      return expected.has("row0.input_ids");
    }
  }

  private static String name(Path root, Path folder) {
    return folder.equals(root)
        ? String.valueOf(folder.getFileName())
        : root.relativize(folder).toString();
  }

  private static List<Path> checkpoints(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root, DEPTH)) {
      return files
          .filter(Files::isDirectory)
          .filter(folder -> Files.exists(folder.resolve("config.json")))
          .sorted()
          .toList();
    }
  }
}

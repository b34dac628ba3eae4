package dev.cleave.bench;

import dev.cleave.bench.chaos.ChaosCommand;
import dev.cleave.bench.codec.CausalStatesTable;
import dev.cleave.bench.codec.RateTable;
import dev.cleave.bench.codec.SpeedTable;
import dev.cleave.bench.codec.StatesTable;
import dev.cleave.bench.hat.HatTable;
import dev.cleave.bench.split.SplitBenchmarks;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cleave bench}: every claim with both of its sides. */
@Command(
    name = "cleave bench",
    mixinStandardHelpOptions = true,
    subcommands = ChaosCommand.class,
    description = "Measures both sides of each claim in one run and prints the ratio.",
    footer = {
      "",
      "Benchmarks:",
      "  decode    server half: scheduler against a bare loop, batch 1 and 16",
      "  generate  60 tokens: two processes against one",
      "  split     models cut between two layers: all of the next six (half an hour)",
      "  split-tokens    tokens/s over loopback against both halves in one process",
      "  split-bytes     bytes above TCP for each token, up and down",
      "  split-step      a decode step of the server against memory bandwidth",
      "  split-sessions  8 and 16 sessions together over one",
      "  split-prefill   a long prompt over a narrow link against its slowest part",
      "  split-drafts    what a round trip of 50 ms costs with drafts and without",
      "  codec     the tensor codec: all of the next three",
      "  codec-rates   rate and distortion on synthetic states with outliers",
      "  codec-states  modes and presets on the reference model's states, after calibrating it",
      "  codec-causal  modes and presets on SmolLM2's states, where CLEAVE_MODELS has it (not part of",
      "                codec: a quarter of an hour or more for each cut)",
      "  codec-speed   frames against a plain copy and zstd (JMH)",
      "  hat       what the host adds to an AI HAT+ 2, on its simulator (needs a C compiler)",
      "  chaos     kills, drains, broken links, hostile clients: see ./cleave bench chaos --help",
      "",
      "Examples:",
      "  ./cleave bench",
      "  ./cleave bench codec",
      "  CLEAVE_MODELS=~/models ./cleave bench codec-causal --at 4",
      "  CLEAVE_MODELS=~/models ./cleave bench split-bytes --at 1,4,8,15",
      "  ./cleave bench decode",
      "",
      "split measures SmolLM2-135M-Instruct where $CLEAVE_MODELS has its folder",
      "smollm2-135m-instruct/, else a model of its shape with random weights."
    })
public final class Main implements Callable<Integer> {
  @Parameters(arity = "0..*", description = "which, by default decode, generate and codec")
  private List<String> names = List.of("decode", "generate", "codec");

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description = "split: of one computation, on both sides (default: ${DEFAULT-VALUE}).")
  private int threads;

  @Option(
      names = "--at",
      paramLabel = "K",
      split = ",",
      description = "Layers on the device (default: 4 for split, 1,4,8,15 for codec-causal).")
  private List<Integer> cuts = List.of();

  /** Runs the benchmarks that are named. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException, RunnerException {
    List<String> splits = names.stream().filter(SplitBenchmarks::knows).toList();
    for (String name : names) {
      if (SplitBenchmarks.knows(name)) {
        continue; // together, for one table
      }
      System.err.println("measuring " + name + " ...");
      switch (name) {
        case "decode" -> {
          try (ReferenceModel model = ReferenceModel.split()) {
            DecodeBenchmark.run(model);
          }
        }
        case "generate" -> {
          try (ReferenceModel model = ReferenceModel.split()) {
            GenerateBenchmark.run(model);
          }
        }
        case "codec" -> {
          RateTable.print();
          states();
          SpeedTable.print();
        }
        case "codec-rates" -> RateTable.print();
        case "codec-states" -> states();
        case "codec-causal" -> CausalStatesTable.print(cuts);
        case "codec-speed" -> SpeedTable.print();
        case "hat" -> HatTable.print();
        default -> {
          System.err.println(
              "cleave bench: no benchmark '" + name + "'; see ./cleave bench --help");
          return 2;
        }
      }
    }
    if (!splits.isEmpty()) {
      SplitBenchmarks.run(splits, cuts.isEmpty() ? List.of(4) : cuts, threads);
    }
    return 0;
  }

  private static void states() throws IOException {
    try (ReferenceModel model = ReferenceModel.split()) {
      StatesTable.print(model.bundle());
    }
  }
}

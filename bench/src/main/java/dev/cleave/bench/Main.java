package dev.cleave.bench;

import dev.cleave.bench.codec.CausalStatesTable;
import dev.cleave.bench.codec.RateTable;
import dev.cleave.bench.codec.SpeedTable;
import dev.cleave.bench.codec.StatesTable;
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
    description = "Measures both sides of each claim in one run and prints the ratio.",
    footer = {
      "",
      "Benchmarks:",
      "  decode    server half: scheduler against a bare loop, batch 1 and 16",
      "  generate  60 tokens: two processes against one",
      "  codec     the tensor codec: all of the next three",
      "  codec-rates   rate and distortion on synthetic states with outliers",
      "  codec-states  modes and presets on the reference model's states, after calibrating it",
      "  codec-causal  modes and presets on SmolLM2's states, where CLEAVE_MODELS has it (not part of",
      "                codec: a quarter of an hour or more for each cut)",
      "  codec-speed   frames against a plain copy and zstd (JMH)",
      "",
      "Examples:",
      "  ./cleave bench",
      "  ./cleave bench codec",
      "  CLEAVE_MODELS=~/models ./cleave bench codec-causal --at 4",
      "  ./cleave bench decode"
    })
public final class Main implements Callable<Integer> {
  @Parameters(arity = "0..*", description = "decode, generate, codec; all of them by default")
  private List<String> names = List.of("decode", "generate", "codec");

  @Option(
      names = "--at",
      paramLabel = "K",
      split = ",",
      defaultValue = "1,4,8,15",
      description = "codec-causal: layers on the device (default: ${DEFAULT-VALUE})")
  private List<Integer> cuts = List.of();

  /** Runs the benchmarks that are named. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException, RunnerException {
    for (String name : names) {
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
        default -> {
          System.err.println(
              "cleave bench: no benchmark '" + name + "'; see ./cleave bench --help");
          return 2;
        }
      }
    }
    return 0;
  }

  private static void states() throws IOException {
    try (ReferenceModel model = ReferenceModel.split()) {
      StatesTable.print(model.bundle());
    }
  }
}

package dev.cleave.edge.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** ONNX Runtime and the tokenizer, which are loaded to see; libtorch, which is only looked for. */
final class EngineProbe {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final Duration MARGIN = Duration.ofSeconds(10);
  private static final Pattern TORCH =
      Pattern.compile("pytorch-native-[a-z0-9]+-([0-9.]+)-([a-z0-9_-]+)\\.jar");

  private EngineProbe() {}

  static Probe loading() {
    return new Probe(
        "onnxruntime",
        "loading ONNX Runtime and the tokenizer in a process of their own",
        DEADLINE.plus(MARGIN),
        EngineProbe::load);
  }

  private static List<Finding> load() throws IOException, InterruptedException {
    return switch (NativeLook.engines(DEADLINE)) {
      case NativeLook.Outcome.Told<NativeLook.Engines>(NativeLook.Engines engines) ->
          List.of(
              Finding.ok("onnxruntime", engines.onnxRuntime() + " loads"),
              Finding.ok("tokenizer", (engines.tokenizer() + " loads").strip()));
      case NativeLook.Outcome.Failed<NativeLook.Engines>(String why) ->
          List.of(
              Finding.problem(
                  "onnxruntime",
                  "loading ONNX Runtime and the tokenizer " + why,
                  "both need 64-bit Linux with glibc 2.34 or later: ldd --version"));
    };
  }

  /** The edge has none and must not load it; the server half brings its own. */
  static List<Finding> libtorch(Machine machine) throws IOException {
    Optional<String> home = machine.setting("cleave.home");
    if (home.isEmpty()) {
      return List.of(
          Finding.notThere("libtorch", "only the server half has it, which is not here", ""));
    }
    Path jars = Path.of(home.get(), "decoder-server/target/dist/lib");
    if (!Files.isDirectory(jars)) {
      return List.of(
          Finding.notThere(
              "libtorch", "only the server half has it, which is not built", "./cleave build"));
    }
    try (Stream<Path> files = Files.list(jars)) {
      return files
          .map(it -> TORCH.matcher(it.getFileName().toString()))
          .filter(Matcher::matches)
          .findFirst()
          .map(it -> libtorch(machine, it))
          .orElseGet(() ->
              List.of(
                  Finding.warning(
                      "libtorch", "the server half is built without it", "./cleave build")));
    }
  }

  private static List<Finding> libtorch(Machine machine, Matcher jar) {
    String arch = machine.setting("os.arch").orElse("").replace("amd64", "x86_64");
    String text = "%s (%s) beside the server half".formatted(jar.group(1), jar.group(2));
    return List.of(
        jar.group(2).endsWith(arch)
            ? Finding.ok("libtorch", text + "; not loaded here, where nothing needs it")
            : Finding.warning(
                "libtorch",
                text + ": not for this machine's " + arch,
                "run the server half on another machine"));
  }
}

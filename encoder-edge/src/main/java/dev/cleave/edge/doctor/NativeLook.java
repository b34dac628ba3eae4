package dev.cleave.edge.doctor;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.onnxruntime.OrtEnvironment;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.hat.HatLibrary;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Loads native libraries in a process of its own: one that crashes or hangs there is a finding
 * here.
 */
public final class NativeLook {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final long MAX_REPORT_BYTES = 1 << 20;

  private static final Pattern FAILURE =
      Pattern.compile("Exception in thread |Error: |libcleave_hat: ");

  private NativeLook() {}

  /** What came of it. */
  sealed interface Outcome<T> {
    /** It came to an end, and says this. */
    record Told<T>(T report) implements Outcome<T> {}

    /** It did not. */
    record Failed<T>(String why) implements Outcome<T> {}
  }

  /** Versions of what the device half cannot do without. */
  record Engines(String onnxRuntime, String tokenizer) {}

  static Outcome<Engines> engines(Duration deadline) throws IOException, InterruptedException {
    return start(Engines.class, deadline, List.of("engines"));
  }

  static Outcome<DeviceReport> device(Path library, Duration deadline)
      throws IOException, InterruptedException {
    return start(DeviceReport.class, deadline, List.of("device", library.toString()));
  }

  static <T> Outcome<T> start(Class<T> kind, Duration deadline, List<String> what)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("cleave-doctor");
    try {
      Path report = folder.resolve("report.json");
      Path said = folder.resolve("said");
      List<String> command = command(folder, report);
      command.addAll(what);
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().put("HAILORT_LOGGER_PATH", "NONE"); // else it writes log files
      builder.redirectErrorStream(true).redirectOutput(said.toFile());
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
          return new Outcome.Failed<>("did not answer within " + deadline.toSeconds() + " s");
        }
      } finally {
        process.destroyForcibly();
      }
      if (Files.isRegularFile(report) && Files.size(report) <= MAX_REPORT_BYTES) {
        return new Outcome.Told<>(MAPPER.readValue(report.toFile(), kind));
      }
      int code = process.exitValue();
      // 128 and the signal, as a shell counts: 134 is what a JVM ends with after a crash.
      String how = code > 128 ? "crashed (exit code %d)" : "failed (exit code %d)";
      return new Outcome.Failed<>(how.formatted(code) + reason(said));
    } finally {
      delete(folder);
    }
  }

  private static List<String> command(Path folder, Path report) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx128m", "-XX:-CreateCoredumpOnCrash"));
    command.add("-XX:ErrorFile=" + folder.resolve("hs_err.log"));
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-cp", classPath()));
    command.addAll(List.of(NativeLook.class.getName(), report.toString()));
    return command;
  }

  /** Absolute, since the other process runs in a folder of its own. */
  private static String classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(it -> Path.of(it).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  /** The first lines that name a failure, the shim's own among them, without the stack. */
  private static String reason(Path said) throws IOException {
    if (Files.size(said) > MAX_REPORT_BYTES) {
      return "";
    }
    List<String> lines =
        Files.readAllLines(said, StandardCharsets.ISO_8859_1).stream()
            .filter(it -> FAILURE.matcher(it).lookingAt())
            .map(it -> it.replaceFirst("^(Exception in thread \"[^\"]*\"|Error:) ", ""))
            .distinct()
            .limit(2)
            .toList();
    return lines.isEmpty() ? "" : ": " + String.join("; ", lines);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(it -> {
        try {
          Files.deleteIfExists(it);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      });
    }
    Files.deleteIfExists(folder);
  }

  /** The other process: writes what it saw to the file that is named first. */
  public static void main(String[] arguments) throws IOException {
    Path report = Path.of(arguments[0]);
    Object seen =
        switch (arguments[1]) {
          case "engines" -> {
            String version = OrtEnvironment.getEnvironment().getVersion();
            LibUtils.checkStatus();
            yield new Engines(version, tokenizerVersion());
          }
          case "device" -> {
            try (HatLibrary library = HatLibrary.open(Path.of(arguments[2]))) {
              yield DeviceReport.of(library);
            }
          }
          default -> throw new IllegalArgumentException("nothing to look at: " + arguments[1]);
        };
    Path draft = report.resolveSibling("report.tmp");
    Files.write(draft, MAPPER.writeValueAsBytes(seen));
    Files.move(draft, report);
  }

  private static String tokenizerVersion() {
    return Optional.ofNullable(LibUtils.class.getPackage().getSpecificationVersion()).orElse("");
  }
}

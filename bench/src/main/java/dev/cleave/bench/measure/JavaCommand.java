package dev.cleave.bench.measure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How another process of this one's Java and class path is started. */
public final class JavaCommand {
  private JavaCommand() {}

  /**
   * The command up to the main class, as the launcher has it; arguments may be added.
   *
   * @param options of the virtual machine beside those that all need
   */
  public static List<String> of(List<String> options, String mainClass) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            mainClass));
    return command;
  }
}

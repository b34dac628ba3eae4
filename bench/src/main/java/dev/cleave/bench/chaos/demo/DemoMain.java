package dev.cleave.bench.chaos.demo;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cleave demo --chaos}; the launcher has made the halves. */
@Command(
    name = "cleave demo --chaos",
    mixinStandardHelpOptions = true,
    description = {
      "Two server processes; the one that answers is killed in the middle of an answer, twice, and"
          + " the text comes out whole.",
      "Exit status 1 where it does not."
    },
    footer = {
      "",
      "Examples:",
      "  ./cleave demo --chaos",
      "  ./cleave demo --chaos \"Pt c/o chest pain for 3 days. BP 148/92, HR 88.\""
    })
public final class DemoMain implements Callable<Integer> {
  /** On a busy machine an answer may be over before its server is killed. */
  private static final int TRIES = 3;

  @Option(names = "--device-half", required = true, paramLabel = "DIR")
  private Path device = Path.of("");

  @Option(names = "--server-half", required = true, paramLabel = "DIR")
  private Path server = Path.of("");

  @Parameters(arity = "1..*", paramLabel = "TEXT", description = "Notes.")
  private List<String> notes = List.of();

  /** Runs the demonstration. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new DemoMain()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path work = Files.createTempDirectory("cleave-demo");
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    boolean whole = true;
    try (Show show = Show.start(work, device, server, out)) {
      for (String note : notes) {
        boolean answered = false;
        for (int n = 0; n < TRIES && !answered; n++) {
          answered = show.answer(note);
        }
        whole &= answered;
      }
    }
    return whole ? 0 : 1;
  }
}

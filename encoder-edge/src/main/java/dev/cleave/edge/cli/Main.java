package dev.cleave.edge.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** Entry point of the device's command line. */
@Command(
    name = "cleave",
    description = "Split inference: this is the device half.",
    subcommands = {
      SplitCommand.class,
      InspectCommand.class,
      GenerateCommand.class,
      DescribeCommand.class
    },
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class Main implements Runnable {

  private static final int HELP_WIDTH = 100;

  @Spec CommandSpec spec;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of a failure.")
  boolean verbose;

  /** Runs a command and exits with 0 (done), 1 (failed) or 2 (refused: usage or input). */
  public static void main(String[] args) {
    // Always UTF-8, whatever the locale. Libraries that print go to standard error, so that a pipe
    // gets the answer and nothing else.
    PrintWriter out = utf8(FileDescriptor.out);
    PrintWriter err = utf8(FileDescriptor.err);
    System.setOut(System.err);
    int code = run(args, out, err);
    out.flush();
    err.flush();
    System.exit(code);
  }

  /** Runs a command with these streams and returns the exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    Main main = new Main();
    CommandLine line = new CommandLine(main).setOut(out).setErr(err);
    line.setExecutionExceptionHandler(new Failures(main));
    line.setParameterExceptionHandler(Failures::refuse);
    line.setUsageHelpWidth(HELP_WIDTH);
    return line.execute(args);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "no command given; see cleave --help");
  }

  private static PrintWriter utf8(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }
}

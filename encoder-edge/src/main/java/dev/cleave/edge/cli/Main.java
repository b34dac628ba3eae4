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
      SignCommand.class,
      HatCommand.class,
      InspectCommand.class,
      GenerateCommand.class,
      ChatCommand.class,
      DescribeCommand.class,
      KeysCommand.class,
      SessionsCommand.class,
      DoctorCommand.class
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
    launch(args);
  }

  /**
   * As {@link #main}, with the commands of another module beside those of this one.
   *
   * @param more annotated commands; each takes the place of one with its name
   */
  public static void launch(String[] args, Object... more) {
    // Always UTF-8, whatever the locale. Libraries that print go to standard error, so that a pipe
    // gets the answer and nothing else.
    PrintWriter out = utf8(FileDescriptor.out);
    PrintWriter err = utf8(FileDescriptor.err);
    System.setOut(System.err);
    int code = run(args, out, err, more);
    out.flush();
    err.flush();
    System.exit(code);
  }

  /** Runs a command with these streams and returns the exit code; see {@link #launch}. */
  public static int run(String[] args, PrintWriter out, PrintWriter err, Object... more) {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    for (Object command : more) {
      String name = CommandSpec.forAnnotatedObject(command).name();
      if (line.getSubcommands().containsKey(name)) {
        var _ = line.getCommandSpec().removeSubcommand(name);
      }
      line.addSubcommand(command);
    }
    // after the commands: what is set here is set for all that are there
    line.setOut(out).setErr(err);
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

package dev.cleave.edge.cli;

import dev.cleave.edge.error.CleaveException;
import dev.cleave.edge.error.CleaveException.Code;
import dev.cleave.split.error.RefusedKey;
import dev.cleave.split.error.UntrustedBundle;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Prints a failure as one line on standard error and chooses the exit code. */
final class Failures implements IExecutionExceptionHandler {
  static final int FAILED = 1;
  static final int REFUSED = 2;

  private final Main main;

  Failures(Main main) {
    this.main = main;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult parsed) {
    String message = e.getMessage();
    String text = message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    line.getErr().println("cleave: " + text.replaceAll("\\R", " "));
    if (main.verbose) {
      e.printStackTrace(line.getErr());
    }
    line.getErr().flush();
    return isRefusal(e) ? REFUSED : FAILED;
  }

  static int refuse(ParameterException e, String[] args) {
    CommandLine line = e.getCommandLine();
    String help = line.getCommandSpec().qualifiedName() + " --help";
    String message = String.valueOf(e.getMessage()).replaceAll("\\R", " ");
    line.getErr()
        .println("cleave: " + message + (message.contains("--help") ? "" : "; see " + help));
    line.getErr().flush();
    return REFUSED;
  }

  private static boolean isRefusal(Exception e) {
    return e instanceof IllegalArgumentException
        || e instanceof UntrustedBundle
        || e instanceof RefusedKey
        || (e instanceof CleaveException cleave
            && (cleave.code() == Code.INPUT || cleave.code() == Code.TRUST));
  }
}

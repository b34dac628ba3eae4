package dev.cleave.server.cli;

import dev.cleave.server.ServerException;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.split.error.RefusedKey;
import dev.cleave.split.error.SplitException;
import dev.cleave.split.error.UntrustedBundle;
import picocli.CommandLine;

/** The entry point of the server distribution: {@code cleave serve}. */
public final class ServeMain {

  private ServeMain() {}

  /**
   * Serves until SIGTERM; exits 0 after an orderly end, 1 on failure, 2 on wrong usage or a bundle
   * that is not trusted.
   */
  public static void main(String[] args) {
    // Before anything logs: logback's own default would write to stdout.
    LogPolicy.toStderr("info");
    int code = commandLine(new ServeCommand()).execute(args);
    System.exit(code);
  }

  static CommandLine commandLine(ServeCommand command) {
    return new CommandLine(command)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler((failure, line, parsed) -> {
          if (failure instanceof UntrustedBundle || failure instanceof RefusedKey) {
            line.getErr().println("cleave serve: " + failure.getMessage());
            return line.getCommandSpec().exitCodeOnInvalidInput();
          }
          if (failure instanceof ServerException
              || failure instanceof SplitException
              || failure instanceof IllegalArgumentException) {
            line.getErr().println("cleave serve: " + failure.getMessage());
            return line.getCommandSpec().exitCodeOnExecutionException();
          }
          throw failure;
        });
  }
}

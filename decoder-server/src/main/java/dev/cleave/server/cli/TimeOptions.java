package dev.cleave.server.cli;

import dev.cleave.server.session.TimeLimits;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How long the server waits for what. */
final class TimeOptions {

  @Option(
      names = "--queue-timeout",
      paramLabel = "SECONDS",
      converter = Converters.TimeOrNone.class,
      defaultValue = "5",
      description =
          "How long an Open waits for a KV slot when all are taken; 0 refuses it at once"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration queue = Duration.ZERO;

  @Option(
      names = "--read-timeout",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "30",
      description =
          "For tokens that lie unread: a client that does not read is gone, or holds memory"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration read = Duration.ZERO;

  @Option(
      names = "--upload-timeout",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "300",
      description =
          "For all the pauses within one prompt: who sends a little just before each idle time-out"
              + " would keep its slot for ever (default: ${DEFAULT-VALUE}).")
  private Duration upload = Duration.ZERO;

  @Option(
      names = "--max-session-age",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "43200",
      description =
          "After which a session is told to move, between two answers if it can be: so that no KV"
              + " stays for longer than a day's work (default: ${DEFAULT-VALUE}).")
  private Duration age = Duration.ZERO;

  @Option(
      names = "--step-timeout",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "60",
      description =
          "For one call of the engine. Beyond it the engine counts as stuck: all sessions are told"
              + " to move and the process exits with status 70, for its supervisor to start another"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration step = Duration.ZERO;

  @Option(
      names = "--drain-timeout",
      paramLabel = "SECONDS",
      converter = Converters.TimeOrNone.class,
      defaultValue = "20",
      description =
          "For answers under way after SIGTERM; devices that replay do not notice when they move,"
              + " but pay for it. 0 tells all to move at once. Less than the 30 s after which"
              + " Kubernetes kills (default: ${DEFAULT-VALUE}).")
  private Duration drain = Duration.ZERO;

  TimeLimits times() {
    return new TimeLimits(queue, new TimeLimits.Clients(read, upload, age), step, drain);
  }
}

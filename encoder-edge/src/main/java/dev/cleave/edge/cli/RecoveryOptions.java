package dev.cleave.edge.cli;

import dev.cleave.edge.replay.Recovery;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What to do when a server is lost, wherever a model answers. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class RecoveryOptions {
  @Option(
      names = "--retries",
      paramLabel = "N",
      defaultValue = "99",
      description = {
        "Open a session that lost its server again, up to N times, on the next server where there are"
            + " several (default: ${DEFAULT-VALUE}). 0 fails at the first loss.",
        "What was sent is sent again; tokens that came are checked, not repeated."
      })
  int retries;

  @Option(
      names = "--recovery-timeout",
      paramLabel = "TIME",
      converter = Converters.Durations.class,
      defaultValue = "2m",
      description = "Give a session up that got no new token for this long (default: 2m).")
  Duration budget;

  @Option(
      names = "--stall",
      paramLabel = "TIME",
      converter = Converters.Durations.class,
      defaultValue = "2m",
      description = "Leave a server that owes an answer and is silent for this long (default: 2m).")
  Duration stall;

  @Option(
      names = "--keep-bytes",
      paramLabel = "BYTES",
      defaultValue = "1073741824",
      description = {
        "Keep up to so many bytes of what was sent (default: 1 GiB); a session that has sent more is"
            + " lost with its server.",
        "64 MiB of them stay in memory, the others go encrypted to a temporary file."
      })
  long keepBytes;

  Recovery recovery() {
    return retries == 0
        ? Recovery.none()
        : Recovery.defaults()
            .withAttempts(Math.addExact(retries, 1))
            .withBudget(budget)
            .withStall(stall)
            .withBytes(keepBytes, Recovery.defaults().bytesInMemory());
  }
}

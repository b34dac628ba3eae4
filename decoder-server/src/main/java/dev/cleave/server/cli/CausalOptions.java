package dev.cleave.server.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.cleave.server.ServerException;
import dev.cleave.server.rpc.CausalConfig;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.upper.UpperShape;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of {@code serve} for models that are cut between two layers. */
final class CausalOptions {

  /** Frames beyond this gain nothing: prompts are cut into chunks to overlap. */
  static final int MAX_FRAME_POSITIONS = 128;

  private static final int MAX_STEP_POSITIONS = 64;
  private static final int KV_SHARE_OF_MEMORY = 4;

  @Option(
      names = "--kv-mib",
      paramLabel = "N",
      converter = Converters.Count.class,
      description =
          "Causal: KV memory of all sessions (default: what they need, at most a quarter of the"
              + " machine's memory).")
  private @Nullable Integer kvMib;

  @Option(
      names = "--step-budget",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "128",
      description =
          "Causal: positions computed at once, which is what a long prompt can delay others by"
              + " (default: ${DEFAULT-VALUE}).")
  private int stepBudget;

  @Option(
      names = "--session-timeout",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "600",
      description = "Causal: for a session between two turns (default: ${DEFAULT-VALUE}).")
  private Duration sessionTimeout = Duration.ZERO;

  /** Positions of one step of the engine. */
  int stepBudget() {
    return stepBudget;
  }

  /**
   * The bytes of frames that wait, if every session uploads at once.
   *
   * @param width of the boundary tensor
   */
  static long promptBytes(int sessions, int width) {
    // Four frames a session, as calls receive them.
    return 4L * MAX_FRAME_POSITIONS * width * Float.BYTES * sessions;
  }

  /**
   * What the server is to be started with.
   *
   * @throws ServerException when the KV has no room for one session of full length
   */
  CausalConfig config(UpperShape shape, SessionLimits limits) {
    long positions = (long) limits.maxSessions() * limits.maxPromptPositions();
    long bytes = kvMib == null ? memoryBytes() / KV_SHARE_OF_MEMORY : (long) kvMib << 20;
    long fit = bytes / shape.kvBytesPerPosition();
    if (fit < limits.maxPromptPositions()) {
      throw new ServerException(
          "serve",
          "KV of %d MiB".formatted(bytes >> 20),
          ("one session of %d positions needs %d MiB: raise --kv-mib or lower"
                  + " --max-prompt-positions")
              .formatted(
                  limits.maxPromptPositions(),
                  Math.ceilDiv(limits.maxPromptPositions() * shape.kvBytesPerPosition(), 1L << 20)),
          null);
    }
    return new CausalConfig(
        Math.min(positions, fit),
        stepBudget,
        Math.min(MAX_STEP_POSITIONS, stepBudget),
        sessionTimeout);
  }

  private static long memoryBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }
}

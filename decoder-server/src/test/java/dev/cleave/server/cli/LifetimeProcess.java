package dev.cleave.server.cli;

import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.engine.FakeDecoderEngine;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.rpc.DecoderServer;
import dev.cleave.server.rpc.ServerConfig;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.session.TimeLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * A server process as {@code cleave serve} runs one, over an engine that makes as many steps as its
 * standard input has bytes. Arguments: the port file, the drain and the step time-out in ms.
 */
public final class LifetimeProcess {

  private LifetimeProcess() {}

  public static void main(String[] args) {
    LogPolicy.toStderr("info");
    Path portFile = Path.of(args[0]);
    SessionLimits limits =
        new SessionLimits(2, 64, 200, 64, 1 << 20, false, Duration.ofSeconds(60));
    ServerConfig config =
        ServerConfig.onFreePorts(limits)
            .withTimes(
                TimeLimits.DEFAULT
                    .withDrain(Duration.ofMillis(Long.parseLong(args[1])))
                    .withStep(Duration.ofMillis(Long.parseLong(args[2]))));
    ServedModel model = new ServedModel("0123456789abcdef".repeat(4), "fake");
    try (FakeDecoderEngine engine = new FakeDecoderEngine(2, 300);
        DecoderServer server =
            DecoderServer.start(config, model, TokenRules.of(3, Set.of()), engine)) {
      Semaphore gate = engine.gateSteps();
      Thread.ofPlatform().daemon().start(() -> stepPerByte(gate));
      ServeLifetime.writeAtomically(portFile, Integer.toString(server.port()));
      ServeLifetime.awaitSignalAndDrain(server, portFile);
    }
    System.exit(0); // as main does with the command's result
  }

  private static void stepPerByte(Semaphore gate) {
    try {
      while (System.in.read() >= 0) {
        gate.release();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

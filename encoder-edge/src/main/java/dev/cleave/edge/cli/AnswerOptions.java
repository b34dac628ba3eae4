package dev.cleave.edge.cli;

import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Sampling;
import dev.cleave.edge.codec.CodecChoice;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.engine.OrtEncoder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What can be chosen wherever a model answers. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class AnswerOptions {
  @Option(
      names = "--bundle",
      required = true,
      paramLabel = "DIR",
      description = "The bundle; only its device half is read.")
  Path bundle;

  @Mixin ConnectionOptions servers;

  @Mixin RecoveryOptions recovery;

  @Mixin TrustOptions trusted;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "The most tokens to generate (default: the bundle's).")
  @Nullable Integer maxTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 is greedy (default: ${DEFAULT-VALUE}).")
  float temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description = "Draw from the likeliest tokens that together have probability P.")
  float topP;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "0",
      description = "Draw from the K likeliest tokens; 0 is all.")
  int topK;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Decides every draw (default: random, see the receipt).")
  @Nullable Long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer where this appears in it; may be repeated.")
  List<String> stops = List.of();

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      converter = Converters.Durations.class,
      description = "Fail after this long: 500ms, 30s, 2m.")
  @Nullable Duration deadline;

  @Option(
      names = "--codec",
      paramLabel = "CODEC",
      converter = Converters.Codecs.class,
      completionCandidates = Converters.CodecCandidates.class,
      defaultValue = "default",
      description = {
        "How hidden states are coded: ${COMPLETION-CANDIDATES}.",
        "The default is the bundle's balanced preset where it is calibrated, else int8."
      })
  CodecChoice codec;

  @Option(
      names = "--drafts",
      paramLabel = "N",
      defaultValue = "0",
      description = {
        "Draft up to N tokens for each step out of what was said, for the server to verify; fewer"
            + " while that does not pay (default: ${DEFAULT-VALUE}, none).",
        "The text is the same. Only where the model has no encoder."
      })
  int drafts;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the encoder (default: up to 4).")
  @Nullable Integer threads;

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      converter = Converters.Engines.class,
      completionCandidates = Converters.EngineCandidates.class,
      defaultValue = "auto",
      description = {
        "What computes the device half: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
        "auto takes an AI HAT+ 2 where there is one and the bundle has models for it, else ort.",
        "hat-sim is a simulator of it, for development."
      })
  EngineChoice engine;

  ClientOptions client() {
    return ClientOptions.of(servers.connection())
        .withThreads(threads == null ? OrtEncoder.defaultThreads() : threads)
        .withEngine(engine)
        .withRecovery(recovery.recovery())
        .withTrust(trusted.trust());
  }

  GenerateOptions generate() {
    return new GenerateOptions(
        maxTokens == null ? OptionalInt.empty() : OptionalInt.of(maxTokens),
        new Sampling(
            temperature, topK, topP, seed == null ? OptionalLong.empty() : OptionalLong.of(seed)),
        stops,
        codec,
        Optional.ofNullable(deadline),
        drafts,
        GenerateOptions.defaults().research());
  }
}

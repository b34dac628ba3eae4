package dev.cleave.server.cli;

import dev.cleave.server.admission.ServedCodec;
import dev.cleave.server.admission.ServedModel;
import dev.cleave.server.engine.DecoderEngine;
import dev.cleave.server.engine.EngineOptions;
import dev.cleave.server.engine.TorchDecoderEngine;
import dev.cleave.server.logging.LogPolicy;
import dev.cleave.server.rpc.DecoderServer;
import dev.cleave.server.rpc.ListenAddress;
import dev.cleave.server.rpc.ServerConfig;
import dev.cleave.server.sampling.TokenRules;
import dev.cleave.server.session.SessionLimits;
import dev.cleave.server.upper.TorchUpperEngine;
import dev.cleave.server.upper.UpperEngine;
import dev.cleave.server.upper.UpperOptions;
import dev.cleave.split.block.DecoderJson;
import dev.cleave.split.block.DecoderSpec;
import dev.cleave.split.block.DecodingSpec;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.torch.WeightPrecision;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Opens a bundle's server half and serves it until the process is told to end. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    usageHelpAutoWidth = true,
    versionProvider = ServeVersion.class,
    description = "Runs the server half of a bundle until SIGTERM or Ctrl-C.",
    footer = {
      "",
      "Examples:",
      "  cleave serve --bundle /tmp/notes",
      "  cleave serve --bundle /tmp/notes --port 0 --port-file /tmp/port --metrics-port off",
      "  cleave serve --bundle /tmp/notes --trust /etc/cleave/signing-key.pub.json",
      "  cleave serve --bundle /tmp/notes --device cuda:0 --precision bf16 --max-sessions 64",
      "  cleave serve --bundle /tmp/notes --host 0.0.0.0 --tls-cert server.pem --tls-key server-key.pem",
      "  cleave serve --bundle /tmp/notes --tenants /etc/cleave/tenants.json --queue 64 --queue-timeout 10",
      "",
      "Plaintext is served on loopback addresses only. SIGTERM or Ctrl-C: not serving at once, no",
      "new sessions; causal ones that are quiet for a second between two answers are told to move,",
      "answers under way finish within --drain-timeout or are told to move; exit status 0. A second",
      "signal tells all to move now, a third ends the process. Exit status 70: the engine is lost."
    })
public final class ServeCommand implements Callable<Integer> {

  private static final long MAX_DEFAULT_PROMPT_BYTES = 1L << 30;

  @Option(names = "--bundle", required = true, paramLabel = "DIR", description = "The bundle.")
  private Path bundle = Path.of("");

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description = "Where to listen; plaintext on loopback alone (default: ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      defaultValue = "7431",
      description = "0 picks a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--port-file",
      paramLabel = "FILE",
      description = "Written with host:port once the server takes sessions.")
  private @Nullable Path portFile;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      description = "cpu or cuda:N (default: ${DEFAULT-VALUE}).")
  private String device = "cpu";

  @Option(
      names = "--precision",
      defaultValue = "f32",
      description = "Of the weights: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private WeightPrecision precision = WeightPrecision.F32;

  @Option(
      names = "--max-sessions",
      paramLabel = "N",
      converter = Converters.Count.class,
      defaultValue = "16",
      description = "Sessions at once; each owns one KV slot (default: ${DEFAULT-VALUE}).")
  private int maxSessions;

  @Option(
      names = "--max-prompt-positions",
      paramLabel = "N",
      converter = Converters.Count.class,
      description =
          "The longest prompt, causal: session; fewer need less KV (default: the bundle's limit).")
  private @Nullable Integer maxPromptPositions;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      converter = Converters.Count.class,
      description = "The longest answer; fewer need less KV (default: the bundle's limit).")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--prompt-buffer-mib",
      paramLabel = "N",
      converter = Converters.Count.class,
      description = "Memory for prompts being received (default: what all sessions need, <= 1024).")
  private @Nullable Integer promptBufferMib;

  @Mixin private CausalOptions causal = new CausalOptions();

  @Mixin private TrustOptions trusted = new TrustOptions();

  @Mixin private SecurityOptions securing = new SecurityOptions();

  @Mixin private SharingOptions sharing = new SharingOptions();

  @Mixin private TelemetryOptions telling = new TelemetryOptions();

  @Option(names = "--allow-logits", description = "Sessions may ask for logits (parity checks).")
  private boolean allowLogits;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Converters.Count.class,
      description = "Of one computation on a CPU (default: OMP_NUM_THREADS or all cores).")
  private @Nullable Integer threads;

  @Option(
      names = "--idle-timeout",
      paramLabel = "SECONDS",
      converter = Converters.Time.class,
      defaultValue = "30",
      description = "For a client that neither sends nor reads (default: ${DEFAULT-VALUE}).")
  private Duration idleTimeout = Duration.ZERO;

  @Mixin private TimeOptions times = new TimeOptions();

  @Option(names = "--name", description = "Told to clients (default: the bundle's name).")
  private @Nullable String name;

  @Option(
      names = "--log-level",
      defaultValue = "info",
      description = "error, warn, info, debug or trace (default: ${DEFAULT-VALUE}).")
  private String logLevel = "info";

  @Override
  public Integer call() {
    LogPolicy.toStderr(logLevel);
    ListenAddress.requireAllowed(host, port, securing.security());
    ServerConfig.Sharing shared = sharing.sharing(); // before all of a bundle is read
    Bundle half = Bundle.open(bundle, Half.SERVER, trusted.trust());
    ServerConfig config = config(half.manifest(), shared);
    ServedModel model =
        new ServedModel(half.id().hex(), half.manifest().architecture(), ServedCodec.of(half));
    switch (half.manifest().split()) {
      case SplitPoint.EncoderDecoder() -> serveDecoder(half, config, model);
      case SplitPoint.Causal _ -> serveUpper(half, config, model);
    }
    return 0;
  }

  private void serveDecoder(Bundle half, ServerConfig config, ServedModel model) {
    DecoderSpec spec = DecoderJson.read(half.file("decoder.json"));
    SessionLimits limits = config.limits();
    EngineOptions options =
        new EngineOptions(
            device,
            precision,
            limits.maxSessions(),
            limits.maxPromptPositions(),
            limits.maxNewTokens());
    if (threads != null) {
      options = options.withThreads(threads);
    }
    try (DecoderEngine engine =
            TorchDecoderEngine.open(spec, half.file("decoder.safetensors"), options);
        DecoderServer server = DecoderServer.start(config, model, rules(spec.decoding()), engine)) {
      ready(server, config, model);
      ServeLifetime.awaitSignalAndDrain(server, portFile);
    }
  }

  private void serveUpper(Bundle half, ServerConfig config, ServedModel model) {
    SessionLimits limits = config.limits();
    UpperOptions options =
        new UpperOptions(
            device,
            precision,
            new UpperOptions.Sizes(
                limits.maxSessions(), limits.maxPromptPositions(), causal.stepBudget()));
    if (threads != null) {
      options = options.withThreads(threads);
    }
    try (UpperEngine engine = TorchUpperEngine.open(half, options);
        DecoderServer server =
            DecoderServer.start(config, causal.config(engine.shape(), limits), model, engine)) {
      ready(server, config, model);
      ServeLifetime.awaitSignalAndDrain(server, portFile);
    }
  }

  private ServerConfig config(BundleManifest manifest, ServerConfig.Sharing shared) {
    BundleManifest.Limits bundleLimits = manifest.limits();
    int positions =
        maxPromptPositions == null ? bundleLimits.maxPromptPositions() : maxPromptPositions;
    int tokens = maxNewTokens == null ? bundleLimits.maxNewTokens() : maxNewTokens;
    boolean steps = manifest.split() instanceof SplitPoint.Causal;
    long promptBytes =
        promptBufferMib == null
            ? defaultPromptBytes(steps, positions, manifest.width())
            : (long) promptBufferMib << 20;
    SessionLimits limits =
        new SessionLimits(
            maxSessions,
            positions,
            tokens,
            steps ? Math.min(positions, CausalOptions.MAX_FRAME_POSITIONS) : positions,
            promptBytes,
            allowLogits,
            idleTimeout);
    return new ServerConfig(
        new ServerConfig.Listen(host, port, telling.monitoring(), securing.security()),
        name == null ? shortName(manifest.name()) : name,
        limits,
        shared,
        times.times());
  }

  private long defaultPromptBytes(boolean steps, int positions, int width) {
    if (steps) {
      return CausalOptions.promptBytes(maxSessions, width);
    }
    long onePrompt = (long) positions * width * Float.BYTES;
    return Math.max(onePrompt, Math.min(onePrompt * maxSessions, MAX_DEFAULT_PROMPT_BYTES));
  }

  private static String shortName(String bundleName) {
    return bundleName.substring(0, Math.min(bundleName.length(), ServerConfig.MAX_NAME_LENGTH));
  }

  private static TokenRules rules(DecodingSpec decoding) {
    return new TokenRules(
        decoding.startTokenId(),
        Set.copyOf(decoding.eosTokenIds()),
        decoding.forcedBosTokenId().isPresent() ? decoding.forcedBosTokenId().getAsInt() : null,
        decoding.forcedEosTokenId().isPresent() ? decoding.forcedEosTokenId().getAsInt() : null,
        Set.copyOf(decoding.suppressedTokenIds()));
  }

  private void ready(DecoderServer server, ServerConfig config, ServedModel model) {
    String address = ListenAddress.text(config.listen().host(), server.port());
    LoggerFactory.getLogger(ServeCommand.class)
        .info(
            "ready {} bundle={} device={} precision={} sessions={} metrics={}",
            address,
            model.shortBundleId(),
            device,
            precision.name().toLowerCase(Locale.ROOT),
            config.limits().maxSessions(),
            server.metricsPort().isPresent() ? server.metricsPort().getAsInt() : "off");
    if (portFile != null) {
      ServeLifetime.writeAtomically(portFile, address + "\n");
    }
  }
}

package dev.cleave.edge.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.ClientOptions;
import dev.cleave.edge.engine.EngineChoice;
import dev.cleave.edge.link.GrpcDecoderLink;
import dev.cleave.v1.DescribeReply;
import dev.cleave.v1.Preset;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cleave describe}: what a running server serves. */
@Command(
    name = "describe",
    description = {
      "Ask a running server what it serves; with --bundle also whether it is the same bundle and what",
      "would compute the device half here."
    },
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cleave describe",
      "  cleave describe --server 127.0.0.1:7431 --json",
      "  cleave describe --bundle notes --engine hat"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DescribeCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Mixin ConnectionOptions servers;

  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  @Option(
      names = "--deadline",
      paramLabel = "TIME",
      converter = Converters.Durations.class,
      defaultValue = "5s",
      description = "Fail after this long: 500ms, 30s, 2m (default: ${DEFAULT-VALUE}).")
  Duration deadline;

  @Option(
      names = "--bundle",
      paramLabel = "DIR",
      description = "A bundle's device half, to be opened with --engine.")
  @Nullable Path bundle;

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      converter = Converters.Engines.class,
      completionCandidates = Converters.EngineCandidates.class,
      defaultValue = "auto",
      description = "One of ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  EngineChoice engine;

  @Mixin TrustOptions trusted;

  @Override
  public Integer call() throws JsonProcessingException {
    if (bundle == null && engine != EngineChoice.AUTO) {
      throw new ParameterException(
          spec.commandLine(), "--engine runs a device half: name one with --bundle");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (GrpcDecoderLink link = GrpcDecoderLink.to(servers.connection())) {
      Map<String, @Nullable Object> facts = facts(link.describe(deadline));
      if (bundle != null) {
        ClientOptions options =
            ClientOptions.of(servers.connection()).withEngine(engine).withTrust(trusted.trust());
        try (CleaveClient client = CleaveClient.open(bundle, options)) {
          facts.put("same_bundle", client.bundleId().equals(facts.get("bundle_id")));
          facts.put("engine", client.engine());
        }
      }
      if (json) {
        out.println(Json.MAPPER.writeValueAsString(facts));
      } else {
        facts.forEach((name, value) -> print(name, value, out));
      }
      out.flush();
      return 0;
    }
  }

  private static Map<String, @Nullable Object> facts(DescribeReply reply) {
    Map<String, @Nullable Object> facts = new LinkedHashMap<>();
    facts.put("bundle_id", HexFormat.of().formatHex(reply.getBundleId().toByteArray()));
    facts.put("architecture", reply.getArchitecture());
    facts.put("server_name", reply.getServerName());
    facts.put("version", reply.getVersion());
    facts.put("width", reply.getWidth());
    facts.put("codecs", reply.getCodecsList().stream().map(Enum::name).toList());
    facts.put("codec_profile", reply.getProfileHash().isEmpty() ? null : reply.getProfileHash());
    facts.put("presets", reply.getPresetsList().stream().map(DescribeCommand::facts).toList());
    facts.put("max_prompt_positions", reply.getMaxPromptPositions());
    facts.put("max_new_tokens", reply.getMaxNewTokens());
    facts.put("max_sessions", reply.getMaxSessions());
    facts.put("open_sessions", reply.getOpenSessions());
    facts.put("device", reply.getDevice());
    facts.put("precision", reply.getPrecision());
    return facts;
  }

  private static Map<String, Object> facts(Preset preset) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("name", preset.getName());
    facts.put("codec", preset.getCodec().name());
    facts.put("bytes_per_position", preset.getBytesPerPosition());
    facts.put("bits_per_element", preset.getBitsPerElement());
    facts.put("kl", preset.getKl());
    facts.put("agreement", preset.getAgreement());
    return facts;
  }

  /** One line for each thing, and for each entry of a list of things that have parts. */
  private static void print(String name, @Nullable Object value, PrintWriter out) {
    if (value instanceof List<?> list && list.stream().allMatch(it -> it instanceof Map)) {
      list.forEach(it -> out.printf(Locale.ROOT, "%-21s %s%n", name, it));
    } else {
      out.printf(Locale.ROOT, "%-21s %s%n", name, value == null ? "none" : value);
    }
  }
}

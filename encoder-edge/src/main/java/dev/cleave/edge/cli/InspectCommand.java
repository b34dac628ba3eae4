package dev.cleave.edge.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.codec.CodecMode;
import dev.cleave.codec.FrameEncoder;
import dev.cleave.codec.StreamSpec;
import dev.cleave.edge.codec.CodecNames;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.BundleFile;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CompiledName;
import dev.cleave.split.bundle.Half;
import dev.cleave.split.bundle.SplitPoint;
import dev.cleave.split.hailo.HailoHalf;
import dev.cleave.split.signing.Signature;
import dev.cleave.split.signing.Trust;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cleave inspect}: what a bundle holds on each side. */
@Command(
    name = "inspect",
    description = {
      "Show what a bundle holds on each side, what crosses between them, and whether the files",
      "that are here are the ones that its manifest names; who signed it, and with --trust whether that",
      "is true and nobody changed it since."
    },
    sortOptions = false,
    footer = {
      "",
      "Exit codes: 0 whole, 1 damaged or no bundle, 2 usage, or not signed by whom --trust names.",
      "",
      "Examples:",
      "  cleave inspect /tmp/notes",
      "  cleave inspect /tmp/notes --json | jq .bundleId",
      "  cleave inspect /tmp/notes --trust signing-key.pub.json"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class InspectCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "BUNDLE", description = "The bundle's folder.")
  Path bundle;

  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  @Mixin TrustOptions trusted;

  @Override
  public Integer call() throws JsonProcessingException {
    Trust trust = trusted.trust();
    BundleManifest manifest = Bundle.readManifest(bundle, trust);
    Optional<String> signer = Signature.beside(bundle).map(it -> it.key().hex());
    ObjectNode halves = Json.MAPPER.createObjectNode();
    for (Half half : Half.values()) {
      halves.put(half.folder(), state(half, trust));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ObjectNode object = describe(manifest);
      object.set("verified", halves);
      if (signer.isPresent()) {
        object
            .putObject("signature")
            .put("key", signer.get())
            .put("verified", trust.asksForSignature());
      } else {
        object.putNull("signature");
      }
      out.println(Json.MAPPER.writeValueAsString(object));
    } else {
      print(manifest, halves, out);
      out.println("signed      " + signed(signer, trust));
    }
    out.flush();
    return 0;
  }

  /** Each side holds its own half only: one that is not here is no fault, one that differs is. */
  private String state(Half half, Trust trust) {
    if (!Files.isDirectory(bundle.resolve(half.folder()))) {
      return "not here";
    }
    Bundle.open(bundle, half, trust);
    return "verified";
  }

  private static String signed(Optional<String> signer, Trust trust) {
    if (signer.isEmpty()) {
      return "no";
    }
    return "with key "
        + signer.get()
        + (trust.asksForSignature()
            ? ", which is trusted; nothing was changed since"
            : " by its own account; --trust checks it");
  }

  /** The manifest and the bytes that cross, for programs. */
  static ObjectNode describe(BundleManifest manifest) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("bundleId", manifest.id().hex());
    root.put("name", manifest.name());
    root.put("architecture", manifest.architecture());
    switch (manifest.split()) {
      case SplitPoint.EncoderDecoder _ -> root.put("split", "seq2seq");
      case SplitPoint.Causal cut -> {
        root.put("split", "causal");
        root.putObject("splitPoint")
            .put("at", cut.at())
            .put("layers", cut.layers())
            .put("embeddingOnServer", cut.tiedHead());
        root.put("chatTemplate", hasChat(manifest));
      }
    }
    ObjectNode boundary = root.putObject("boundary");
    boundary.put("dtype", manifest.boundary().dtype()).put("width", manifest.width());
    ObjectNode crossing = boundary.putObject("bytesPerPosition");
    for (CodecMode mode : CodecNames.withoutTarget()) {
      crossing.put(CodecNames.nameOf(mode), bytesPerPosition(manifest.width(), mode));
    }
    CodecReport.describe(manifest, root);
    root.putObject("limits")
        .put("maxPromptPositions", manifest.limits().maxPromptPositions())
        .put("maxNewTokens", manifest.limits().maxNewTokens());
    for (Half half : Half.values()) {
      ObjectNode side = root.putObject(half.folder());
      side.put("bytes", manifest.bytes(half)).put("parameters", parameters(manifest, half));
      ObjectNode files = side.putObject("files");
      manifest.files(half).forEach(file -> files.put(file.name(), file.bytes()));
    }
    manifest.model().notes().forEach(root.putArray("notes")::add);
    return root.put("createdBy", manifest.model().createdBy());
  }

  private static void print(BundleManifest manifest, ObjectNode halves, PrintWriter out) {
    out.printf("bundle      %s%n", manifest.name());
    out.printf("id          %s%n", manifest.id());
    switch (manifest.split()) {
      case SplitPoint.EncoderDecoder _ ->
          out.printf(
              "model       %s, seq2seq: the whole encoder is the device half%n",
              manifest.architecture());
      case SplitPoint.Causal cut -> printCut(manifest, cut, out);
    }
    out.printf("made by     %s%n%n", manifest.model().createdBy());
    for (Half half : Half.values()) {
      out.printf(
          Locale.ROOT,
          "%-10s  %9s  %,13d parameters  (%s)%n",
          half.folder(),
          size(manifest.bytes(half)),
          parameters(manifest, half),
          halves.path(half.folder()).asText());
      for (BundleFile file : manifest.files(half)) {
        out.printf("            %9s  %-29s %s%n", size(file.bytes()), file.name(), holds(file));
      }
    }
    out.printf("%nboundary    f32 [positions, %d]; one position on the wire:%n", manifest.width());
    for (CodecMode mode : CodecNames.withoutTarget()) {
      out.printf(
          Locale.ROOT,
          "            %9d B  %s%n",
          bytesPerPosition(manifest.width(), mode),
          CodecNames.nameOf(mode));
    }
    CodecReport.print(manifest, bytesPerPosition(manifest.width(), CodecMode.INT8), out);
    out.printf(
        "limits      %s %d positions, answer %d tokens%n",
        manifest.split() instanceof SplitPoint.Causal ? "context" : "prompt",
        manifest.limits().maxPromptPositions(),
        manifest.limits().maxNewTokens());
    manifest.model().notes().forEach(note -> out.println("note        " + note));
  }

  private static void printCut(BundleManifest manifest, SplitPoint.Causal cut, PrintWriter out) {
    String device =
        switch (cut.at()) {
          case 0 -> "the embedding alone, a table look-up";
          case 1 -> "the embedding and layer 0";
          default -> "the embedding and layers 0 to " + (cut.at() - 1);
        };
    int last = cut.layers() - 1;
    String layers = cut.at() == last ? "layer " + last : "layers " + cut.at() + " to " + last;
    out.printf(
        "model       %s, causal: cut after %d of %d layers%n",
        manifest.architecture(), cut.at(), cut.layers());
    out.printf("on device   %s%n", device);
    out.printf("on server   %s, final norm, head%n", layers);
    out.printf(
        "embedding   %s%n",
        cut.tiedHead()
            ? "on both sides: the head is tied to it, so the server holds the table as well"
            : "on the device alone: the head has a table of its own");
    out.printf(
        "chat        %s%n",
        hasChat(manifest) ? "with a template" : "no template; prompts are sent as they are");
  }

  private static boolean hasChat(BundleManifest manifest) {
    return manifest.has(Half.DEVICE, "chat_template.jinja");
  }

  private static String holds(BundleFile file) {
    return switch (file.name()) {
      case String name when name.endsWith(".profile") -> "the codec's profile";
      case "tokenizer.json" -> "text to token ids and back";
      case "encoder.onnx" -> "the encoder's graph";
      case "encoder.data" -> "the embedding and the encoder's weights";
      case "generation.json" -> "when an answer ends, what is not shown";
      case "calibration.jsonl" -> "text that calibrate goes by";
      case "lower.onnx" -> "the lower layers' graph";
      case "lower.data" -> "the embedding and the lower layers' weights";
      case "chat_template.jinja" -> "how a conversation becomes a prompt";
      case "upper.json" -> "the upper layers' description";
      case "upper.safetensors" -> "the upper layers' and the head's weights";
      case "decoder.json" -> "the decoder's description";
      case "decoder.safetensors" -> "the decoder's weights and its input embedding";
      case HailoHalf.DESCRIPTION -> "the encoder's description, for compilers";
      case HailoHalf.WEIGHTS -> "the encoder's weights, for compilers";
      case HailoHalf.EMBEDDING -> "what the host looks up for an accelerator";
      case HailoHalf.README -> "how to compile for an accelerator";
      case String name when name.matches("hailo/encoder-[0-9]+\\.onnx") ->
          "the encoder at one length, for compilers";
      case String name -> CompiledName.parse(name).map(InspectCommand::holds).orElse("");
    };
  }

  private static String holds(CompiledName name) {
    return switch (name.kind()) {
      case HEF -> "compiled for an AI HAT+, " + name.positions() + " positions";
      case SIM -> "compiled for its simulator, " + name.positions() + " positions";
    };
  }

  private static long parameters(BundleManifest manifest, Half half) {
    BundleManifest.Parameters parameters = manifest.model().parameters();
    return switch (half) {
      case DEVICE -> parameters.device();
      case SERVER -> parameters.server();
    };
  }

  /** Payload alone: what a longer frame adds for each position. */
  private static int bytesPerPosition(int width, CodecMode mode) {
    FrameEncoder encoder = FrameEncoder.of(new StreamSpec(mode, width));
    return encoder.maxEncodedBytes(2) - encoder.maxEncodedBytes(1);
  }

  /** Bytes for people, in decimal units. */
  static String size(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }
}

package dev.cleave.edge.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a bundle's calibration says, for programs and for people. */
final class CodecReport {
  private CodecReport() {}

  /** Null where the bundle is not calibrated. */
  static void describe(BundleManifest manifest, ObjectNode root) {
    CodecSection codec = manifest.codec().orElse(null);
    if (codec == null) {
      root.putNull("codec");
      return;
    }
    ObjectNode node = root.putObject("codec");
    node.put("profileHash", codec.profileHash()).put("profileFile", codec.profileFile());
    ArrayNode presets = node.putArray("presets");
    for (CodecSection.Preset preset : codec.presets()) {
      ObjectNode object = presets.addObject();
      object
          .put("name", preset.name())
          .put("mode", preset.mode())
          .put("bytesPerPosition", preset.bytesPerPosition())
          .put("bitsPerElement", preset.bitsPerElement())
          .put("kl", preset.effect().kl())
          .put("agreement", preset.effect().agreement());
      CodecSection.FieldAccuracy fields = preset.effect().fields();
      if (fields != null) {
        object.put("fieldAccuracy", fields.accuracy()).put("rawFieldAccuracy", fields.raw());
      }
    }
    CodecSection.Calibration calibration = codec.calibration();
    node.putObject("calibration")
        .put("tokens", calibration.tokens())
        .put("heldOutTokens", calibration.heldOutTokens())
        .put("basis", calibration.basis())
        .put("heldOutGainBits", calibration.heldOutGainBits())
        .put("textSha256", calibration.textSha256());
  }

  /**
   * Prints the presets with their figures.
   *
   * @param int8Bytes what one position takes as int8, to compare with
   */
  static void print(BundleManifest manifest, int int8Bytes, PrintWriter out) {
    CodecSection codec = manifest.codec().orElse(null);
    if (codec == null) {
      out.println("codec       not calibrated: cleave calibrate --bundle DIR chooses presets");
      return;
    }
    CodecSection.Calibration calibration = codec.calibration();
    out.printf("codec       profile %s%n", codec.profileHash());
    out.printf(
        Locale.ROOT,
        "            basis %s (%.2f bits per element saved), fitted on %,d positions,"
            + " judged on %,d others%n",
        calibration.basis(),
        calibration.heldOutGainBits(),
        calibration.tokens(),
        calibration.heldOutTokens());
    for (CodecSection.Preset preset : codec.presets()) {
      out.printf(
          Locale.ROOT,
          "            %9d B  %-12s %.2f bits per element, %.1fx fewer bytes than int8;"
              + " KL %.5f, agree %.3f%s (%s)%n",
          preset.bytesPerPosition(),
          preset.name(),
          preset.bitsPerElement(),
          (double) int8Bytes / preset.bytesPerPosition(),
          preset.effect().kl(),
          preset.effect().agreement(),
          fields(preset.effect().fields()),
          preset.mode());
    }
  }

  private static String fields(CodecSection.@Nullable FieldAccuracy it) {
    return it == null
        ? ""
        : String.format(Locale.ROOT, ", fields %.3f (raw %.3f)", it.accuracy(), it.raw());
  }
}

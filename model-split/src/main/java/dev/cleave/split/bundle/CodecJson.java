package dev.cleave.split.bundle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.split.bundle.CodecSection.Calibration;
import dev.cleave.split.bundle.CodecSection.Effect;
import dev.cleave.split.bundle.CodecSection.FieldAccuracy;
import dev.cleave.split.bundle.CodecSection.Preset;
import java.util.ArrayList;
import java.util.List;

/** The JSON form of a manifest's codec section. */
final class CodecJson {
  private CodecJson() {}

  static void write(CodecSection codec, ObjectNode to) {
    to.put("profileHash", codec.profileHash()).put("profileFile", codec.profileFile());
    ArrayNode presets = to.putArray("presets");
    for (Preset preset : codec.presets()) {
      ObjectNode node = presets.addObject();
      node.put("name", preset.name())
          .put("mode", preset.mode())
          .put("bytesPerPosition", preset.bytesPerPosition())
          .put("bitsPerElement", preset.bitsPerElement())
          .put("kl", preset.effect().kl())
          .put("agreement", preset.effect().agreement());
      FieldAccuracy fields = preset.effect().fields();
      if (fields != null) {
        node.put("fieldAccuracy", fields.accuracy()).put("rawFieldAccuracy", fields.raw());
      }
    }
    Calibration calibration = codec.calibration();
    to.putObject("calibration")
        .put("tokens", calibration.tokens())
        .put("heldOutTokens", calibration.heldOutTokens())
        .put("basis", calibration.basis())
        .put("heldOutGainBits", calibration.heldOutGainBits())
        .put("textSha256", calibration.textSha256());
  }

  /**
   * @throws IllegalArgumentException naming the field that is missing or wrong
   */
  static CodecSection parse(JsonNode node) {
    List<Preset> presets = new ArrayList<>();
    for (JsonNode preset : JsonFields.array(node, "presets")) {
      presets.add(
          new Preset(
              JsonFields.text(preset, "name"),
              JsonFields.text(preset, "mode"),
              JsonFields.integer(preset, "bytesPerPosition"),
              JsonFields.number(preset, "bitsPerElement"),
              effect(preset)));
    }
    JsonNode calibration = JsonFields.object(node, "calibration");
    return new CodecSection(
        JsonFields.text(node, "profileHash"),
        JsonFields.text(node, "profileFile"),
        presets,
        new Calibration(
            JsonFields.wide(calibration, "tokens"),
            JsonFields.wide(calibration, "heldOutTokens"),
            JsonFields.text(calibration, "basis"),
            JsonFields.number(calibration, "heldOutGainBits"),
            JsonFields.text(calibration, "textSha256")));
  }

  private static Effect effect(JsonNode preset) {
    boolean hasFields = preset.has("fieldAccuracy") || preset.has("rawFieldAccuracy");
    return new Effect(
        JsonFields.number(preset, "kl"),
        JsonFields.number(preset, "agreement"),
        hasFields
            ? new FieldAccuracy(
                JsonFields.number(preset, "fieldAccuracy"),
                JsonFields.number(preset, "rawFieldAccuracy"))
            : null);
  }
}

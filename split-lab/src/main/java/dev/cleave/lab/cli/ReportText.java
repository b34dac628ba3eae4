package dev.cleave.lab.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cleave.lab.calibrate.CalibrationReport;
import dev.cleave.lab.calibrate.CalibrationReport.Row;
import dev.cleave.lab.calibrate.CalibrationReport.Tried;
import dev.cleave.lab.measure.CodingEffect;
import dev.cleave.split.bundle.CodecSection;
import java.io.PrintWriter;
import java.util.Locale;

/** A calibration's figures, for people and for programs. Stateless. */
final class ReportText {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ReportText() {}

  static void print(CalibrationReport report, PrintWriter out) {
    CodecSection.Calibration calibration = report.codec().calibration();
    CalibrationReport.Scope scope = report.scope();
    out.printf(
        Locale.ROOT,
        "%s: calibrated in %.1f s, bundle id %s, profile %s%n",
        report.root(),
        scope.nanos() / 1e9,
        report.manifest().id().abbreviated(),
        report.codec().profileHash().substring(0, 12));
    out.printf(
        Locale.ROOT,
        "  fitted on %,d tokens of %,d texts, judged on %,d others with %,d tokens%n",
        calibration.tokens(),
        scope.texts(),
        scope.heldOutTexts(),
        calibration.heldOutTokens());
    out.printf("%n  basis           bytes/position  bits/element   KL nats  agreement%n");
    for (Tried tried : report.tried()) {
      out.printf(
          Locale.ROOT,
          "  %-16s%14d %13.3f %9.5f %10.4f                %s%n",
          tried.basis(),
          tried.bytesPerPosition(),
          tried.effect().bitsPerElement(),
          tried.effect().kl(),
          tried.effect().agreement(),
          tried.mode() + (tried.chosen() ? ", chosen" : ""));
    }
    out.printf(
        "%n  codec           bytes/position  bits/element   KL nats  agreement  fields right%n");
    for (Row row : report.rows()) {
      out.printf(
          Locale.ROOT,
          "  %-16s%14d %13.3f %9.5f %10.4f  %12s  %s%n",
          row.name(),
          row.bytesPerPosition(),
          row.effect().bitsPerElement(),
          row.effect().kl(),
          row.effect().agreement(),
          row.fieldAccuracy().isPresent()
              ? String.format(Locale.ROOT, "%.4f", row.fieldAccuracy().getAsDouble())
              : "-",
          row.mode());
    }
    scope.notes().forEach(note -> out.println("  note: " + note));
    out.flush();
  }

  static ObjectNode json(CalibrationReport report) {
    ObjectNode root = MAPPER.createObjectNode();
    CodecSection codec = report.codec();
    CalibrationReport.Scope scope = report.scope();
    root.put("path", report.root().toString());
    root.put("bundleId", report.manifest().id().hex());
    root.put("profileHash", codec.profileHash());
    root.put("seconds", scope.nanos() / 1e9);
    root.put("width", report.manifest().width());
    root.putObject("text")
        .put("sha256", codec.calibration().textSha256())
        .put("texts", scope.texts())
        .put("tokens", codec.calibration().tokens())
        .put("heldOutTexts", scope.heldOutTexts())
        .put("heldOutTokens", codec.calibration().heldOutTokens())
        .put("fields", scope.fields());
    root.putObject("basis")
        .put("name", codec.calibration().basis())
        .put("heldOutGainBits", codec.calibration().heldOutGainBits());
    ArrayNode candidates = root.putArray("candidates");
    for (Tried tried : report.tried()) {
      ObjectNode node = candidates.addObject().put("basis", tried.basis());
      node.put("mode", tried.mode());
      node.put("bytesPerPosition", tried.bytesPerPosition()).put("chosen", tried.chosen());
      put(node, tried.effect());
    }
    ArrayNode rows = root.putArray("codecs");
    for (Row row : report.rows()) {
      ObjectNode node = rows.addObject().put("name", row.name()).put("mode", row.mode());
      node.put("bytesPerPosition", row.bytesPerPosition());
      put(node, row.effect());
      row.fieldAccuracy().ifPresent(share -> node.put("fieldAccuracy", share));
    }
    scope.notes().forEach(root.putArray("notes")::add);
    return root;
  }

  private static void put(ObjectNode node, CodingEffect effect) {
    node.put("bitsPerElement", effect.bitsPerElement())
        .put("kl", effect.kl())
        .put("agreement", effect.agreement());
  }
}

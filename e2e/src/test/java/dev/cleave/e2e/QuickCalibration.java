package dev.cleave.e2e;

import dev.cleave.codec.fit.FitOptions;
import dev.cleave.codec.fit.FitReport;
import dev.cleave.codec.fit.ProfileFitter;
import dev.cleave.codec.profile.Profile;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.HiddenStates;
import dev.cleave.split.bundle.Bundle;
import dev.cleave.split.bundle.CodecSection;
import dev.cleave.split.bundle.CodecWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** A profile of a few notes and presets by decree, in seconds, where a test needs no figures. */
final class QuickCalibration {
  private static final double[] BITS = {4.5, 2.5, 1.75};

  private QuickCalibration() {}

  static void run(Path bundle, List<String> notes) {
    int width = Bundle.readManifest(bundle).width();
    ProfileFitter fitter = ProfileFitter.of(width, FitOptions.DEFAULT);
    try (CleaveClient client = CleaveClient.open(bundle, "127.0.0.1:1")) {
      for (String note : notes) {
        HiddenStates states = client.encode(note);
        fitter.add(states.values(), states.positions());
      }
    }
    FitReport report = fitter.fit();
    Profile profile = report.profile();
    byte[] bytes = profile.toBytes();
    CodecSection section =
        CodecSection.of(
            bytes,
            profile.hash().toString(),
            List.of(preset(0, width), preset(1, width), preset(2, width)),
            new CodecSection.Calibration(
                report.tokens(),
                report.heldOutTokens(),
                report.kept().name().toLowerCase(Locale.ROOT),
                0,
                "00".repeat(32)));
    CodecWriter.write(bundle, bytes, section);
  }

  private static CodecSection.Preset preset(int index, int width) {
    int bytes = (int) (BITS[index] * width / 8);
    return new CodecSection.Preset(
        CodecSection.PRESETS.get(index),
        "rate",
        bytes,
        8.0 * bytes / width,
        new CodecSection.Effect(0, 1, null));
  }
}

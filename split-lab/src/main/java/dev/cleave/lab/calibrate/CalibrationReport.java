package dev.cleave.lab.calibrate;

import dev.cleave.lab.measure.CodingEffect;
import dev.cleave.split.bundle.BundleManifest;
import dev.cleave.split.bundle.CodecSection;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What a calibration found and wrote. Immutable.
 *
 * @param root the bundle
 * @param manifest as it is now, with its new id and its codec section
 * @param scope on what it was measured
 * @param tried the bases, each with the fewest bytes that do for the preset that decides
 * @param rows raw states, int8, and the presets, on all held-out text
 */
public record CalibrationReport(
    Path root, BundleManifest manifest, Scope scope, List<Tried> tried, List<Row> rows) {

  /**
   * On what it was measured.
   *
   * @param texts that the profile was fitted on
   * @param heldOutTexts that it was judged on
   * @param fields of the right answers to these; 0 where the text has none
   * @param notes what the reader should know beside the figures
   * @param nanos it took
   */
  public record Scope(int texts, int heldOutTexts, long fields, List<String> notes, long nanos) {
    public Scope {
      notes = List.copyOf(notes);
    }
  }

  /**
   * A basis with a quantiser on a part of the held-out text.
   *
   * @param basis its name
   * @param mode how it codes
   * @param bytesPerPosition the fewest that keep the limit of the preset that decides
   * @param effect at these
   * @param chosen whether the bundle has it now
   */
  public record Tried(
      String basis, String mode, int bytesPerPosition, CodingEffect effect, boolean chosen) {
    Tried withChosen(boolean isChosen) {
      return new Tried(basis, mode, bytesPerPosition, effect, isChosen);
    }
  }

  /**
   * A codec on all held-out text.
   *
   * @param name of the preset, or of the mode
   * @param mode how it codes
   * @param bytesPerPosition of payload
   * @param effect on the next token
   * @param fieldAccuracy share of fields exactly right; empty where the text has no right answers
   */
  public record Row(
      String name,
      String mode,
      int bytesPerPosition,
      CodingEffect effect,
      OptionalDouble fieldAccuracy) {}

  public CalibrationReport {
    tried = List.copyOf(tried);
    rows = List.copyOf(rows);
  }

  /** What was written into the manifest. */
  public CodecSection codec() {
    return manifest.codec().orElseThrow();
  }
}

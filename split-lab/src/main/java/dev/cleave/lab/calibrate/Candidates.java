package dev.cleave.lab.calibrate;

import dev.cleave.codec.fit.FitOptions;
import dev.cleave.codec.fit.ProfileFitter;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.measure.Gradients;
import dev.cleave.lab.measure.Sample;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Fits the profiles that a bundle could have, from the simplest to the one that costs most to
 * compute. Confined to one thread.
 */
final class Candidates {
  /** With fewer rows per channel, correlations are mostly noise: a transform is not tried. */
  private static final int LEAST_ROWS_PER_CHANNEL = 4;

  /** What is added to the Fisher matrix: how little its small directions are trusted. */
  private static final Map<String, Double> RIDGES =
      new TreeMap<>(Map.of("fisher-klt", 0.03, "fisher-klt-mild", 0.3));

  private final ProfileFitter fitter;
  private final int width;
  private long rows;
  private boolean weighted;

  /** One profile, and what its basis is called. */
  record Candidate(String basis, Profile profile) {}

  Candidates(int width) {
    this.width = width;
    boolean transform = width > 1 && width <= Profile.MAX_FULL_WIDTH;
    this.fitter = ProfileFitter.of(width, FitOptions.DEFAULT.withTransform(transform));
  }

  void add(Sample sample) {
    fitter.add(FloatBuffer.wrap(sample.states()), sample.positions());
    rows += sample.positions();
  }

  void add(Gradients.Gradient gradient) {
    fitter.addGradients(gradient.values(), gradient.positions());
    weighted = true;
  }

  /** Whether there are rows enough for anything but a diagonal basis. */
  boolean wantTransform() {
    return width > 1
        && width <= Profile.MAX_FULL_WIDTH
        && rows >= (long) LEAST_ROWS_PER_CHANNEL * width;
  }

  List<Candidate> fit() {
    List<Candidate> all = new ArrayList<>();
    all.add(new Candidate("diagonal", fitter.fit(BasisKind.DIAGONAL)));
    if (wantTransform()) {
      all.add(new Candidate("klt", fitter.fit(BasisKind.KLT)));
      if (weighted) {
        RIDGES.forEach(
            (name, ridge) -> all.add(new Candidate(name, fitter.fit(BasisKind.FISHER, ridge))));
      }
    }
    return all;
  }
}

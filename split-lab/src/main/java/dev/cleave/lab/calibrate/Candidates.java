package dev.cleave.lab.calibrate;

import dev.cleave.codec.fit.FitOptions;
import dev.cleave.codec.fit.ProfileFitter;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Profile;
import dev.cleave.lab.half.Sample;
import dev.cleave.lab.measure.Gradients;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
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

  /**
   * Times the energy of the text's middling position: the first token, and in many models a later
   * one as well, gathers attention, and such a row would be most of what a fit sees.
   */
  private static final double MASSIVE_ENERGY = 5;

  private final ProfileFitter fitter;
  private final int width;
  private final boolean sessions;
  private long rows;
  private boolean weighted;

  /** One profile, and what its basis is called. */
  record Candidate(String basis, Profile profile) {}

  /**
   * Candidates without rows.
   *
   * @param sessions whether rows are sent one by one as a session goes on. Then each has a gain of
   *     its own: a massive row must fit into the bytes of any other
   */
  Candidates(int width, boolean sessions) {
    this.width = width;
    this.sessions = sessions;
    boolean transform = width > 1 && width <= Profile.MAX_FULL_WIDTH;
    this.fitter =
        ProfileFitter.of(
            width, FitOptions.DEFAULT.withTransform(transform).withRelativeRows(sessions));
  }

  void add(Sample sample) {
    float[] states = sample.states();
    each(
        sample,
        (from, count) -> {
          fitter.add(FloatBuffer.wrap(states, from * width, count * width), count);
          rows += count;
        });
  }

  void add(Gradients.Gradient gradient) {
    FloatBuffer values = gradient.values();
    each(
        gradient.sample(),
        (from, count) -> fitter.addGradients(values.slice(from * width, count * width), count));
    weighted = true;
  }

  /** Some positions, from one on. */
  private interface Run {
    void take(int from, int count);
  }

  /** Gives all positions of a sample but the massive ones of a session. */
  private void each(Sample sample, Run run) {
    if (!sessions) {
      run.take(0, sample.positions());
      return;
    }
    double[] energies = new double[sample.positions()];
    for (int i = 0; i < sample.states().length; i++) {
      energies[i / width] += (double) sample.states()[i] * sample.states()[i];
    }
    double[] sorted = energies.clone();
    Arrays.sort(sorted);
    double most = MASSIVE_ENERGY * sorted[sorted.length / 2];
    int from = 0;
    for (int i = 0; i <= energies.length; i++) {
      if (i == energies.length || energies[i] > most) {
        if (i > from) {
          run.take(from, i - from);
        }
        from = i + 1;
      }
    }
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

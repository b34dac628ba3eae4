package dev.cleave.codec.fit;

import dev.cleave.codec.fit.FitReport.Candidate;
import dev.cleave.codec.profile.Basis;
import dev.cleave.codec.profile.BasisKind;
import dev.cleave.codec.profile.Channels;
import dev.cleave.codec.profile.Profile;
import dev.cleave.codec.statistics.Moments;
import dev.cleave.codec.statistics.Reservoir;
import dev.cleave.codec.statistics.RobustScales;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Learns a {@link Profile} from calibration states as they come: {@link #add} rows, then {@link
 * #fit()}. The same rows in the same order give the same bytes on every JVM. One thread at a time.
 *
 * <p>Four stretches of {@value #STRETCH} rows are learnt from, the fifth is held out and judges.
 * Give at least 100 rows per channel where a transform is wanted, of many texts.
 *
 * <p>Channels: location and width are first estimated from the middle 90 % of each channel's values
 * in the first rows, up to 4096 of them. Means, deviations and correlations are then taken of all
 * rows with values clipped to 8 of these widths, and without the rows in which an entry lies beyond
 * 32 of them (the massive first tokens), as long as those are at most a twentieth. A channel that
 * never changes gets 1e-6 of the median deviation, or of 1 where none changes; if it does change
 * later, RATE sends its entries exactly.
 *
 * <p>Rows have a gain of their own where {@link FitOptions#relativeRows} and it saves bits: with e
 * the mean square of a row's normalised entries, {@code 1/2 log2(mean(1/e) exp(mean(ln e))) - 8/n}
 * must be above 0. For absolute errors it is never worth its byte: at equal mean squared error a
 * code that gives loud rows a coarser step needs more bits, not fewer.
 *
 * <p>Memory, with n the width: samples of rows of at most 20 MiB (128 rows where these are more);
 * with a transform 8 n^2 bytes while rows come and as much again with gradients; while fitting up
 * to eight such matrices, 64 n^2 bytes (21 MiB at 576, 1 GiB at 4096), and 8 n^2 bytes for each
 * profile of the report.
 */
public final class ProfileFitter {
  /** Rows that are learnt from or held out together: neighbours resemble one another. */
  public static final int STRETCH = 64;

  /** With fewer held-out rows than this nothing but the diagonal profile is looked at. */
  public static final int LEAST_HELD_OUT = 64;

  private static final int STRETCHES = 5;
  private static final int LEARNT_ELEMENTS = 1 << 22;

  /** Fewer, as they are coded over and over. */
  private static final int HELD_OUT_ELEMENTS = 1 << 20;

  private final int width;
  private final FitOptions options;
  private final Reservoir learnt;
  private final Reservoir heldOut;
  private final Moments moments;
  private final double[] sums;
  private final float[] scratch;
  private @Nullable Moments gradients;
  private @Nullable RobustScales scales;
  private boolean gain;
  private long rows;

  private ProfileFitter(int width, FitOptions options) {
    this.width = width;
    this.options = options;
    this.learnt = new Reservoir(width, LEARNT_ELEMENTS);
    this.heldOut = new Reservoir(width, HELD_OUT_ELEMENTS);
    this.moments =
        new Moments(width, options.transform() && width > 1 && width <= Profile.MAX_FULL_WIDTH);
    this.sums = new double[width];
    this.scratch = new float[width];
  }

  /**
   * A fitter without rows.
   *
   * @param width elements per row, 1 to {@link Profile#MAX_WIDTH}; above {@link
   *     Profile#MAX_FULL_WIDTH} no transform is looked for
   */
  public static ProfileFitter of(int width, FitOptions options) {
    if (width < 1 || width > Profile.MAX_WIDTH) {
      throw new IllegalArgumentException(
          "width must be 1 to %d, was %d".formatted(Profile.MAX_WIDTH, width));
    }
    return new ProfileFitter(width, options);
  }

  /**
   * Takes rows.
   *
   * @param states f32 [positions, width] from the buffer's position, which moves behind them;
   *     borrowed until return
   * @throws IllegalArgumentException when a value is not finite; then no row was taken
   */
  public void add(FloatBuffer states, int positions) {
    int at = checked(states, positions, "row");
    for (int r = 0; r < positions; r++, at += width) {
      boolean judges = rows++ / STRETCH % STRETCHES == STRETCHES - 1;
      if (judges) {
        heldOut.add(states, at);
        continue;
      }
      learnt.add(states, at);
      if (scales != null) {
        states.get(at, scratch);
        take(scales, scratch, 0);
      } else if (learnt.size() == learnt.capacity()) {
        settle();
      }
    }
    states.position(at);
  }

  /**
   * Takes gradients of what the server computes, by rows of the boundary tensor: of the logarithm
   * of a probability that it gives. They need not belong to rows that were added. Their mean outer
   * product is the Fisher matrix.
   *
   * @param slopes f32 [positions, width] from the buffer's position, which moves behind them;
   *     borrowed until return
   * @throws IllegalArgumentException when a value is not finite; then no gradient was taken
   * @throws IllegalStateException without transform or beyond its greatest width
   */
  public void addGradients(FloatBuffer slopes, int positions) {
    if (!moments.hasProducts()) {
      throw new IllegalStateException("gradients serve a transform, and none is looked for");
    }
    int at = checked(slopes, positions, "gradient");
    if (gradients == null) {
      gradients = new Moments(width, true);
    }
    for (int r = 0; r < positions; r++) {
      double[] next = gradients.next();
      for (int c = 0; c < width; c++) {
        next[c] = slopes.get(at++);
      }
      gradients.added();
    }
    slopes.position(at);
  }

  /** Checks all values, which a later failure would have taken in part; gives the start. */
  private int checked(FloatBuffer values, int positions, String what) {
    if (positions < 0 || values.remaining() < (long) positions * width) {
      throw new IllegalArgumentException(
          "%d positions of width %d are not in %d values"
              .formatted(positions, width, values.remaining()));
    }
    int start = values.position();
    for (int i = 0; i < positions * width; i++) {
      if (!Float.isFinite(values.get(start + i))) {
        throw new IllegalArgumentException(
            "%s %d has a value that is not finite in channel %d"
                .formatted(what, i / width, i % width));
      }
    }
    return start;
  }

  /** Fixes the robust estimates by the rows so far, and takes these rows. */
  private RobustScales settle() {
    RobustScales settled = scales;
    if (settled == null) {
      settled = RobustScales.of(learnt.rows(), learnt.size(), width);
      scales = settled;
      gain = options.relativeRows() && settled.gainSaving() > 0;
      for (int r = 0; r < learnt.size(); r++) {
        take(settled, learnt.rows(), r * width);
      }
    }
    return settled;
  }

  private void take(RobustScales settled, float[] row, int at) {
    if (settled.leavesOut(row, at)) {
      return;
    }
    double[] next = moments.next();
    settled.normalise(row, at, next);
    double energy = 0;
    for (int c = 0; c < width; c++) {
      sums[c] += next[c];
      energy += next[c] * next[c];
    }
    if (gain) {
      double inverse = 1 / Coordinates.gainOf(energy / width);
      for (int c = 0; c < width; c++) {
        next[c] *= inverse;
      }
    }
    moments.added();
  }

  /**
   * Fits every candidate that the rows allow and keeps the best: the Fisher-weighted transform
   * where gradients were given and held-out rows show the gain in its own weighted distortion; else
   * the plain transform where they show it in the channel-normalised one; else the diagonal
   * profile. The reference is the distortion of the diagonal profile at a step of one deviation.
   *
   * @throws IllegalStateException without rows
   */
  public FitReport fit() {
    Profile diagonal = fit(BasisKind.DIAGONAL);
    List<Candidate> candidates = new ArrayList<>();
    if (heldOut.size() < LEAST_HELD_OUT) {
      candidates.add(new Candidate(diagonal, 0, 0));
      return report(
          candidates,
          BasisKind.DIAGONAL,
          "fewer than %d held-out rows to judge by".formatted(LEAST_HELD_OUT));
    }
    Judge judge = new Judge(diagonal, heldOut.rows(), heldOut.size());
    candidates.add(judge.diagonal());
    if (!moments.hasProducts()) {
      return report(candidates, BasisKind.DIAGONAL, "no transform was looked for");
    }
    BasisKind kept = BasisKind.DIAGONAL;
    StringBuilder why = new StringBuilder();
    for (BasisKind kind : List.of(BasisKind.KLT, BasisKind.FISHER)) {
      if (kind == BasisKind.FISHER && gradients == null) {
        continue;
      }
      Candidate candidate = judge.judge(fit(kind));
      candidates.add(candidate);
      boolean keeps = candidate.gain() >= options.leastGain();
      kept = keeps ? kind : kept;
      why.append(why.isEmpty() ? "" : ", ")
          .append(
              "%s saves %.3f bits per element of the %.3f that it must"
                  .formatted(kind, candidate.gain(), options.leastGain()));
    }
    return report(candidates, kept, why.toString());
  }

  private FitReport report(List<Candidate> candidates, BasisKind kept, String why) {
    return new FitReport(moments.count(), heldOut.seen(), candidates, kept, why);
  }

  /**
   * The profile with a basis of this kind, whatever it gains.
   *
   * @throws IllegalStateException without rows, or where what the kind needs was not gathered
   */
  public Profile fit(BasisKind kind) {
    return fit(kind, options.ridge());
  }

  /**
   * The same with another ridge.
   *
   * @param ridge see {@link FitOptions#ridge}; only {@link BasisKind#FISHER} uses it
   */
  public Profile fit(BasisKind kind, double ridge) {
    FitOptions.checkRidge(ridge);
    if (learnt.size() == 0) {
      throw new IllegalStateException("nothing was added to fit a profile to");
    }
    if (kind != BasisKind.DIAGONAL && !moments.hasProducts()) {
      throw new IllegalStateException("no transform was looked for, so there is no " + kind);
    }
    RobustScales settled = settle();
    Channels channels = channels(settled);
    BasisFit bases = new BasisFit(channels, moments, settled);
    Basis basis =
        switch (kind) {
          case DIAGONAL -> bases.diagonal();
          case KLT -> bases.klt();
          case FISHER -> {
            if (gradients == null) {
              throw new IllegalStateException("no gradients were added for a Fisher matrix");
            }
            yield bases.fisher(gradients, ridge);
          }
        };
    float[] sample = Coordinates.of(learnt.rows(), learnt.size(), channels, basis, gain);
    float[] judges = Coordinates.of(heldOut.rows(), heldOut.size(), channels, basis, gain);
    ShapeFit shapes = ShapeFit.of(sample, judges, basis.sigma());
    return new Profile(
        channels, basis.withShapes(shapes.shapeOf()), shapes.shapes(), gain, options.signSeed());
  }

  private Channels channels(RobustScales settled) {
    double[] deviations = new double[width];
    float[] means = new float[width];
    for (int c = 0; c < width; c++) {
      double mean = moments.mean(c);
      double variance = moments.square(c) - mean * mean;
      deviations[c] = settled.scale(c) * Math.sqrt(Math.max(0, variance));
      means[c] = (float) (settled.center(c) + settled.scale(c) * sums[c] / moments.count());
    }
    double floor = RobustScales.floorOf(deviations);
    float[] floored = new float[width];
    for (int c = 0; c < width; c++) {
      floored[c] = (float) Math.max(deviations[c], floor);
    }
    return new Channels(means, floored);
  }
}
